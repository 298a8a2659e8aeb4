"""Someone tests whether a server relays mail for strangers.

What it sees: RCPT commands of outside clients without a login (table `inbound_recipient`) to the site's servers, for
recipients outside (their domain is not that of the server's greeting, nor one that it accepted from two clients that it
never refused to relay for). Rejected for relaying (5.7.x, "relay"): a probe. Accepted, where the server rejects
relaying by others or the client was rejected elsewhere: an open relay. One finding per client and server; `count` is
the number of such recipients. Severity: critical if one was accepted; medium from `min_tries` rejected names on.
Clients below that are the background of the Internet: one finding per server, info. Without smtp_cmd.log it is inferred
from envelopes on port 25 (table `foreign_recipient`): recipients at domains that the site neither takes mail for nor
sends from, in transactions that brought no mail, at least `min_tries`; or that brought one, by a client that was
refused before or elsewhere. Such a finding is low, medium if a reply speaks of relaying or with three times
`min_tries`, high if a mail was accepted.

Why it matters: an open relay is found within hours, used within a day, and on every blocklist within a week.

Benign causes: an outdated MX record sends other people's mail to the server; a partner whose domain moved; a test of
one's own from outside.

What to do: accepted: close the relay now (Postfix: smtpd_relay_restrictions; Exim: acl_check_rcpt; Sendmail: no
promiscuous_relay). Rejected: nothing, the server did its work; block the source if it goes on.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, terms, text_if, to_findings, who
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._remedy import BLOCK
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.facts.own_domain import refusing
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_PAIR = ("client", "server")
_MIN_REFUSED_CLIENTS = 2
"""Clients to which a server refuses a domain that it does not relay for, at least: one may have met an unknown user."""
_MANY_TRIES = 3
"""So many times `min_tries` recipients without a mail are a probe, whatever the last reply says."""


class RelayProbeParams(Params):
    """When rejected relaying is a probe."""

    min_tries: int = Field(
        2, ge=1, description="distinct outside recipients rejected; Source: an outdated MX record brings one"
    )


def _suspects(recipients: pl.LazyFrame) -> pl.LazyFrame:
    """Drop recipients of servers and clients without any rejection: an accepted one says nothing by itself."""
    refused = recipients.filter("relay_denied")
    servers, clients = refused.select("server").unique(), refused.select("client").unique()
    elsewhere = recipients.join(servers, on="server", how="anti").join(clients, on="client", how="semi")
    return pl.concat([recipients.join(servers, on="server", how="semi"), elsewhere])


def _own_domains(recipients: pl.LazyFrame, probers: pl.LazyFrame) -> pl.LazyFrame:
    """Return domains that a server takes mail for: accepted from two clients, and never rejected for relaying.

    Clients that were rejected for relaying (`probers`) are no witnesses: two of them share an open relay.
    """
    witness = pl.col("client").filter(pl.col("accepted"), pl.col("prober").is_null())
    return (
        recipients.join(probers, on="client", how="left")
        .group_by("server", "domain")
        .agg(witness.n_unique().alias("witnesses"), pl.col("relay_denied").any())
        .filter(pl.col("witnesses") >= 2, ~pl.col("relay_denied"))
        .select("server", "domain")
    )


def _probes(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return the recipients in the window that tested relaying; `open`: the server took one."""
    names = tables["server"].sort("port").group_by("server").agg(pl.col("host_name").drop_nulls().first())
    recipients = tables["inbound_recipient"]
    suspects = _suspects(recipients)
    probers = recipients.filter("relay_denied").select("client").unique().with_columns(prober=pl.lit(value=True))
    candidates = suspects.select("server", "domain").unique()
    own = _own_domains(recipients.join(candidates, on=["server", "domain"], how="semi"), probers)
    under_greeting = ("." + pl.col("host_name")).str.ends_with("." + pl.col("domain")).fill_null(value=False)
    foreign = (
        suspects.join(names, on="server", how="left")
        .filter(~under_greeting)
        .join(own, on=["server", "domain"], how="anti")
    )
    refuses = pl.col("relay_denied").any().over("server") | pl.col("relay_denied").any().over("client")
    marked = foreign.with_columns((pl.col("accepted") & refuses).alias("open"))
    return marked.filter(pl.col("relay_denied") | pl.col("open"), context.window.covers())


def _summary(probes: pl.LazyFrame, keys: tuple[str, ...]) -> pl.LazyFrame:
    return probes.group_by(keys).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.col("name").n_unique().cast(pl.UInt64).alias("count"),
        pl.col("client").unique().sort().head(100).alias("clients"),
        pl.col("client").n_unique().alias("sources"),
        pl.col("server").unique().alias("servers"),
        pl.col("name").filter(pl.col("relay_denied")).n_unique().alias("refused_names"),
        pl.col("name").filter(pl.col("open")).n_unique().alias("accepted_names"),
        pl.col("domain").unique().sort().head(100).alias("domains"),
        first_uids().alias("uids"),
    )


def _findings(
    rows: pl.LazyFrame, keys: tuple[str, ...], *, background: bool, level: Mapping[str, pl.Expr] | None = None
) -> pl.LazyFrame:
    """Return findings; `level` has the rules of severity of what is only inferred."""
    is_open, is_background = pl.col("accepted_names") > 0, pl.lit(background)
    return to_findings(
        rows.with_columns(
            entity(*keys),
            severity({"info": is_background, "critical": is_open}, otherwise="medium")
            if level is None
            else severity(level, otherwise="low"),
            pl.when(is_open).then(pl.lit("medium")).otherwise(pl.lit("high")).alias("confidence"),
            terms(
                evidence("refused", pl.col("refused_names")),
                evidence("accepted", pl.col("accepted_names")),
                evidence("sources", pl.col("sources"), 0.0),
                evidence("probe", ~is_background, 0.0),
            ),
            details(
                who=who(pl.col("sources")),
                domains=pl.col("domains"),
                note=text_if(is_background, "Usual background of the Internet."),
            ),
        )
    )


def _hidden_probes(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return the foreign recipients in the window that tested relaying, as smtp.log alone shows it.

    `open`: the server took the mail, of a client that was refused another time, or for a domain that it refuses to
    several others.
    """
    foreign = tables["foreign_recipient"].join(refusing(tables["domain_use"]), on="domain", how="left")
    by_others = (pl.col("refusing") >= _MIN_REFUSED_CLIENTS).fill_null(value=False)
    is_refused = pl.col("relay_denied").any().over("client") | by_others
    marked = foreign.with_columns((pl.col("accepted") & is_refused).alias("open"))
    return marked.filter(pl.col("relay_denied") | pl.col("open"), context.window.covers())


def _inferred(tables: Tables, params: RelayProbeParams, context: Context) -> pl.LazyFrame:
    """Return the probes that only envelopes show, per client and server."""
    probes = _hidden_probes(tables, context).cache()
    replies = probes.group_by(_PAIR).agg(pl.col("says_relay").any())
    rows = _summary(probes, _PAIR).join(replies, on=list(_PAIR))
    is_open, refused = pl.col("accepted_names") > 0, pl.col("refused_names")
    level = {"high": is_open, "medium": pl.col("says_relay") | (refused >= _MANY_TRIES * params.min_tries)}
    findings = _findings(rows.filter(is_open | (refused >= params.min_tries)), _PAIR, background=False, level=level)
    inferred = pl.lit("inferred").alias("visibility"), pl.lit("medium").alias("confidence")
    return findings.with_columns(*inferred)


def plan(tables: Tables, params: RelayProbeParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client and server, and one per server for the background."""
    probes = _probes(tables, context).cache()
    pairs = _summary(probes, _PAIR)
    is_probe = (pl.col("accepted_names") > 0) | (pl.col("refused_names") >= params.min_tries)
    found = pairs.filter(is_probe).cache()
    background = _summary(probes.join(found, on=list(_PAIR), how="anti"), ("server",))
    hidden = _inferred(tables, params, context)
    known = pairs.select(pl.concat_list(pl.col(name) for name in _PAIR).alias("key"))
    return pl.concat(
        [
            _findings(found, _PAIR, background=False),
            _findings(background, ("server",), background=True),
            hidden.join(known, on="key", how="anti"),
        ]
    )


DETECTOR = Detector(
    id="relay-probe",
    title="Relay probing by {who} against {servers}",
    summary="{refused:recipient} rejected for relaying, {accepted} accepted. Domains: {domains}.{note: %}",
    actions=(
        Advice("Close the open relay on {servers} now.", when=("accepted",)),
        Advice("Block {clients} if the probing goes on.", when=("client-outside", "probe"), wider=BLOCK),
    ),
    attack=("T1595", "T1190"),
    needs=("inbound_recipient", "server", "foreign_recipient", "domain_use"),
    required_logs=("smtp_cmd",),
    inferred_from=("smtp",),
    replaces=("smtp-probing", "user-enumeration"),
    params=RelayProbeParams,
    plan=plan,
    stage="recon",
    technique="Relay probing",
    convicts=True,
    weaknesses=("attacker",),
)
