"""A server's answers tell users from non-users.

What it sees: answers to VRFY and EXPN of the site's own servers (table `query`): some names confirmed, others denied,
or addresses disclosed. Judged by contrast per verb, not by one code: Postfix answers VRFY of a valid user with 252, and
Exchange answers it to everybody. That a server refuses unknown recipients is as it should be; it counts only where it
was used for an enumeration. One finding per server and port; `count` is the number of answers that told something.
Severity: low; medium where one client asked for at least `used_names` names.

Why it matters: whoever asks gets a list of users, and nobody is warned.

Benign causes: VRFY is on by default in Postfix and Sendmail; somebody once needed it for debugging.

What to do: switch it off; the finding says how in the words of the server that its greeting names. Against RCPT: slow
down or cut off after unknown recipients.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, shaped, terms
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._remedy import NO_VRFY, remedy
from zeeksmtp.facts._common import first_uids
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_PORT = ("server", "port")


class OracleParams(Params):
    """When an oracle counts as used."""

    used_names: int = Field(
        5, ge=2, description="distinct names that one client asked for; Source: as in user-enumeration"
    )


def plan(tables: Tables, params: OracleParams, context: Context) -> pl.LazyFrame:
    """Give one finding per server port of the site."""
    ours = pl.col("direction").is_in(["inbound", "internal"])
    told = tables["query"].filter(context.window.covers(), ours, pl.col("verdict").is_in(["confirmed", "unknown"]))
    told = told.cache()
    per_client = told.filter((pl.col("verb") != "RCPT") | (pl.col("verdict") == "unknown"))
    used = (
        per_client.group_by(*_PORT, "client")
        .agg(pl.col("name").n_unique().alias("names"))
        .group_by(_PORT)
        .agg(pl.col("names").max().alias("most_names"))
    )
    contrast = (pl.col("verdict") == "confirmed").any() & (pl.col("verdict") == "unknown").any()
    verbs = (
        told.group_by(*_PORT, "verb")
        .agg(contrast.alias("tells"), (pl.col("disclosed").list.len() > 0).any().alias("discloses"))
        .filter(pl.col("tells") | (pl.col("discloses") & (pl.col("verb") != "RCPT")))
    )
    banners = tables["server"].select(*_PORT, "banner")
    answers = told.join(verbs, on=[*_PORT, "verb"], how="semi").join(used, on=list(_PORT), how="left")
    found = answers.group_by(_PORT).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("count"),
        pl.col("server").unique().alias("servers"),
        pl.col("verb").unique().sort().alias("verbs"),
        pl.col("name").filter(pl.col("verdict") == "confirmed").n_unique().alias("confirmed"),
        pl.col("most_names").first().fill_null(0),
        first_uids().alias("uids"),
    )
    was_used = pl.col("most_names") >= params.used_names
    found = found.join(banners, on=list(_PORT), how="left")
    return shaped(
        found.filter(was_used | pl.col("verbs").list.set_difference(["RCPT"]).list.len().gt(0)).with_columns(
            entity(*_PORT),
            severity({"medium": was_used}, otherwise="low"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("answers", pl.col("count")),
                evidence("names_confirmed", pl.col("confirmed")),
                evidence("most_names_of_one_client", pl.col("most_names")),
            ),
            details(
                verbs=pl.col("verbs"),
                port=pl.concat_list(pl.col("port").cast(pl.String)),
                remedy=pl.concat_list(remedy(NO_VRFY, "switch VRFY and EXPN off")),
            ),
        )
    )


DETECTOR = Detector(
    id="enumeration-oracle",
    title="{servers} port {port} tells who exists",
    summary="{servers} port {port} told users from non-users in {answers:answer} to {verbs}; {names_confirmed:name} "
    "confirmed; the busiest client asked for {most_names_of_one_client:name}.",
    actions=(
        Advice("Let {servers} answer VRFY and EXPN alike for every name ({remedy}), and limit unknown recipients."),
    ),
    attack=("T1589.002",),
    needs=("query", "server"),
    required_logs=("smtp_cmd",),
    params=OracleParams,
    plan=plan,
    technique="User enumeration",
)
