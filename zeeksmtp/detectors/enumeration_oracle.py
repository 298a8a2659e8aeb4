"""A server's answers distinguish valid addresses from unknown ones.

What it sees: answers to VRFY and EXPN of the site's own servers (table `query`): some names confirmed, others denied,
or addresses disclosed. Contrast per verb decides, not one code: Postfix answers VRFY of a valid user with 252, and
Exchange answers it for every name. That a server rejects unknown recipients is as it should be; it counts only where it
was used for an enumeration. One finding per server and port; `count` is the number of answers with a verdict. Severity:
low; medium where one client probed at least `used_names` names (VRFY, EXPN, or recipients of which at least a fifth is
unknown, as of no ordinary sender).

Why it matters: any client can collect a list of users, and nobody is warned.

Benign causes: VRFY is on by default in Postfix and Sendmail; somebody once needed it for debugging.

What to do: switch it off; the finding has the setting for the server software that its greeting names. Against RCPT:
slow down or cut off clients after unknown recipients.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, terms, text_if, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._queries import VRFY_EXPN, queries
from zeeksmtp.detectors._remedy import remedy
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_PORT = ("server", "port")
# Share of unknown recipients from which on the sequential test of `user-enumeration` adds up at its defaults.
_MIN_UNKNOWN_SHARE = 0.22


class OracleParams(Params):
    """When an oracle counts as used."""

    used_names: int = Field(
        5, ge=2, description="distinct names that one client probed; Source: as in user-enumeration"
    )


def _usage(every: pl.LazyFrame, params: OracleParams) -> pl.LazyFrame:
    """Return, per server port that was used, the most names that one client probed, as `user-enumeration` counts."""
    names, unknown = pl.col("name"), pl.col("verdict") == "unknown"
    clients = every.group_by("server", "client").agg(
        names.n_unique().alias("names"),
        names.filter(VRFY_EXPN | unknown).n_unique().alias("probed"),
        names.filter(unknown).n_unique().alias("unknown"),
        VRFY_EXPN.any().alias("direct"),
    )
    harvests = pl.col("direct") | (pl.col("unknown") >= _MIN_UNKNOWN_SHARE * pl.col("names"))
    used = clients.filter(pl.col("probed") >= params.used_names, harvests).select("server", "client", "names")
    ports = every.select(*_PORT, "client").unique().join(used, on=["server", "client"])
    return ports.group_by(_PORT).agg(pl.col("names").max().alias("most_names"))


def plan(tables: Tables, params: OracleParams, context: Context) -> pl.LazyFrame:
    """Return one finding per server port of the site."""
    ours = pl.col("direction").is_in(["inbound", "internal"])
    every = queries(tables).filter(context.window.covers(), ours).cache()
    answers = every.filter(pl.col("verdict").is_in(["confirmed", "unknown"]))
    contrast = (pl.col("verdict") == "confirmed").any() & (pl.col("verdict") == "unknown").any()
    verbs = (
        answers.group_by(*_PORT, "verb")
        .agg(contrast.alias("contrast"), (pl.col("disclosed").list.len() > 0).any().alias("discloses"))
        .filter(pl.col("contrast") | (pl.col("discloses") & VRFY_EXPN))
    )
    banners = tables["server"].select(*_PORT, "banner")
    found = (
        answers.join(verbs, on=[*_PORT, "verb"], how="semi")
        .group_by(_PORT)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("count"),
            pl.col("server").unique().alias("servers"),
            pl.col("verb").unique().sort().alias("verbs"),
            pl.col("name").filter(pl.col("verdict") == "confirmed").n_unique().alias("confirmed"),
            first_uids().alias("uids"),
        )
        .join(_usage(every, params), on=list(_PORT), how="left")
        .join(banners, on=list(_PORT), how="left")
        .with_columns(pl.col("most_names").fill_null(0))
    )
    was_used = pl.col("most_names") > 0
    direct = pl.col("verbs").list.set_difference(["RCPT"]).list.len()
    return to_findings(
        found.filter(was_used | (direct > 0)).with_columns(
            entity(*_PORT),
            severity({"medium": was_used}, otherwise="low"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("answers", pl.col("count")),
                evidence("names_confirmed", pl.col("confirmed")),
                evidence("most_names_of_one_client", pl.col("most_names")),
                evidence("answers_vrfy_expn", direct > 0),
                evidence("answers_rcpt", pl.col("verbs").list.contains("RCPT")),
            ),
            details(
                verbs=pl.col("verbs"),
                port=pl.concat_list(pl.col("port").cast(pl.String)),
                remedy=pl.concat_list(remedy("address-disclosure", "disable VRFY and EXPN")),
                note=text_if(was_used, pl.format("One client probed {} addresses.", "most_names")),
            ),
        )
    )


DETECTOR = Detector(
    id="enumeration-oracle",
    title="User-enumeration oracle: {servers}:{port}",
    summary="{answers:answer} to {verbs} distinguish valid addresses from unknown ones. "
    "{names_confirmed:address|addresses} confirmed.{note: %}",
    actions=(
        Advice("Disable VRFY and EXPN on {servers} ({remedy}).", when=("answers_vrfy_expn",)),
        Advice(
            "Limit unknown recipients per client on {servers} (recipient tarpitting, postscreen, fail2ban).",
            when=("answers_rcpt",),
        ),
    ),
    attack=("T1589.002",),
    needs=("query", "role", "server"),
    required_logs=("smtp_cmd",),
    params=OracleParams,
    plan=plan,
    technique="User enumeration",
    weaknesses=("address-disclosure",),
)
