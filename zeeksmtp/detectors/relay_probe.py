"""Someone tests whether a server relays for strangers.

What it sees: RCPT commands of outside clients without a login (table `command`) to the site's servers, for recipients
outside (their domain is not that of the server's greeting, nor one that it accepted from another client). Refused for
relaying (5.7.x, "relay"): a probe. Accepted, where the server refuses relaying to others or the client was refused it
elsewhere: an open door. One finding per client and server; `count` is the number of such recipients. Severity:
critical if one was accepted; medium from `min_tries` refused names on; low below.

Why it matters: an open relay is found within hours, used within a day, and on every blocklist within a week.

Benign causes: a stale MX record sends other people's mail to the server; a partner whose domain moved; a test of one's
own from outside.

What to do: accepted: close the relay now (Postfix: smtpd_relay_restrictions; Exim: acl_check_rcpt; Sendmail: no
promiscuous_relay). Refused: nothing, the server did its work; block the source if it goes on.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, shaped, terms
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.facts._common import first_uids
from zeeksmtp.facts._reply import asked_name
from zeeksmtp.model import Advice, Context, Daily, Detector, Params, Tables

_PAIR = ("client", "server")
_RELAYING = r"(?i)relay"


class RelayProbeParams(Params):
    """When refused relaying is a probe."""

    min_tries: int = Field(2, ge=1, description="distinct outside recipients refused; Source: a stale MX tries one")


def _recipients(tables: Tables, _params: RelayProbeParams, _context: Context) -> pl.LazyFrame:
    """Recipients that outside clients without a login gave to the site's servers, with their domain."""
    logged_in = tables["auth"].filter(pl.col("outcome") == "success").select("uid", *_PAIR).unique()
    domain = asked_name().str.extract(r"@([^@]+)$").str.strip_chars_end(".")
    text, status = pl.col("reply_msg").fill_null(""), pl.col("reply_status")
    about_relaying = text.str.contains(_RELAYING) | (status == "5.7.54").fill_null(value=False)
    return (
        tables["command"]
        .filter(pl.col("command") == "RCPT", pl.col("direction") == "inbound", pl.col("reply_code").is_not_null())
        .join(logged_in, on=["uid", *_PAIR], how="anti")
        .select(
            *_PAIR,
            "ts",
            "uid",
            asked_name().alias("name"),
            domain.alias("domain"),
            (pl.col("reply_code") < 300).alias("accepted"),
            ((pl.col("reply_code") >= 500) & about_relaying).alias("refused"),
        )
        .filter(pl.col("domain").is_not_null())
    )


def _worth_a_look(recipients: pl.LazyFrame) -> pl.LazyFrame:
    """Leave out the recipients of servers and clients that know no refusal: an accepted one says nothing by itself."""
    refused = recipients.filter("refused")
    servers, clients = refused.select("server").unique(), refused.select("client").unique()
    elsewhere = recipients.join(servers, on="server", how="anti").join(clients, on="client", how="semi")
    return pl.concat([recipients.join(servers, on="server", how="semi"), elsewhere])


def _own_domains(recipients: pl.LazyFrame) -> pl.LazyFrame:
    """Domains that a server takes mail for: accepted from two clients, and never refused for relaying."""
    return (
        recipients.group_by("server", "domain")
        .agg(pl.col("client").filter(pl.col("accepted")).n_unique().alias("takers"), pl.col("refused").any())
        .filter(pl.col("takers") >= 2, ~pl.col("refused"))
        .select("server", "domain")
    )


def plan(tables: Tables, params: RelayProbeParams, context: Context) -> pl.LazyFrame:
    """Give one finding per client and server."""
    names = tables["server"].sort("port").group_by("server").agg(pl.col("host_name").drop_nulls().first())
    suspects = _worth_a_look(tables["daily"])
    asked_for = suspects.select("server", "domain").unique()
    own = _own_domains(tables["daily"].join(asked_for, on=["server", "domain"], how="semi"))
    under_greeting = ("." + pl.col("host_name")).str.ends_with("." + pl.col("domain")).fill_null(value=False)
    strange = suspects.join(names, on="server", how="left").filter(~under_greeting)
    foreign = strange.join(own, on=["server", "domain"], how="anti")
    refuses = pl.col("refused").any().over("server") | pl.col("refused").any().over("client")
    probes = foreign.with_columns((pl.col("accepted") & refuses).alias("open")).filter(
        pl.col("refused") | pl.col("open"), context.window.covers()
    )
    found = probes.group_by(_PAIR).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.col("name").n_unique().cast(pl.UInt64).alias("count"),
        pl.col("client").unique().alias("clients"),
        pl.col("server").unique().alias("servers"),
        pl.col("name").filter(pl.col("refused")).n_unique().alias("refused_names"),
        pl.col("name").filter(pl.col("open")).n_unique().alias("accepted_names"),
        pl.col("domain").unique().sort().head(100).alias("domains"),
        first_uids().alias("uids"),
    )
    return shaped(
        found.with_columns(
            entity(*_PAIR),
            severity(
                {"critical": pl.col("accepted_names") > 0, "medium": pl.col("refused_names") >= params.min_tries},
                otherwise="low",
            ),
            pl.when(pl.col("accepted_names") > 0).then(pl.lit("medium")).otherwise(pl.lit("high")).alias("confidence"),
            terms(evidence("refused", pl.col("refused_names")), evidence("accepted", pl.col("accepted_names"))),
            details(domains=pl.col("domains")),
        )
    )


DETECTOR = Detector(
    id="relay-probe",
    title="{clients} tested {servers} for relaying",
    summary="{clients} asked {servers} to relay to {domains}: {refused:recipient} refused, {accepted} accepted.",
    actions=(Advice("If any was accepted, close the relay on {servers} now; else block {clients} if it goes on."),),
    attack=("T1595", "T1190"),
    needs=("server",),
    required_logs=("smtp_cmd",),
    params=RelayProbeParams,
    plan=plan,
    stage="recon",
    daily=Daily(("command", "auth"), _recipients),
    technique="Relay probing",
    convicts=True,
)
