"""A host inside mails its loot home through an outside account.

What it sees: a host of the site that is no mail server logs in to a submission server outside, in clear (table `auth`),
and sends at least `min_mails` mails in these connections (table `message`) to at most `max_recipients` addresses. High
if a mail goes from an address to itself, or the mails come by the clock (at least `min_regular`, half of the gaps
within `max_deviation` of the median): that is how mail-borne stealers (Agent Tesla and its kin) deliver what they
collected. Else low. One finding per client; `count` is the number of mails.

Why it matters: the host runs a stealer: passwords of its browser and mail programs leave with every mail.

Benign causes: a device or script that reports by mail through a private provider account; an application under test.

What to do: isolate the host; change every password that was ever typed or stored on it; block the outside server; the
account's password went by in clear, tell its provider.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, shaped, terms
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._rhythm import rhythm
from zeeksmtp.facts._common import ENDS, first_uids
from zeeksmtp.model import Context, Detector, Params, Tables

_MAIL_SERVERS = ("relay", "submission-server", "bulk-sender")


class ExfiltrationParams(Params):
    """When mail through an outside account is exfiltration."""

    min_mails: int = Field(3, ge=1, description="mails through the account; Source: our choice, a test is one or two")
    max_recipients: int = Field(
        2, ge=1, description="distinct recipients at most; Source: detection.md, 'few fixed recipients'"
    )
    min_regular: int = Field(5, ge=3, description="mails that show a rhythm; Source: our choice, four gaps")
    max_deviation: float = Field(
        0.3, gt=0, le=1, description="median deviation of the gaps, as a share of the median gap; Source: our choice"
    )


def _mails(tables: Tables, context: Context) -> pl.LazyFrame:
    """Mails of the site's hosts in connections with an accepted login in clear at an outside server."""
    servers = tables["role"].filter(pl.col("role").is_in(_MAIL_SERVERS)).select(client="host")
    logins = tables["auth"].filter(
        pl.col("direction") == "outbound", pl.col("outcome") == "success", pl.col("secret_kind") == "password"
    )
    who = logins.unique(["uid", *ENDS], keep="first").select("uid", *ENDS, "user")
    sent = tables["message"].filter(context.window.covers(), pl.col("recipients") > 0)
    return sent.join(who, on=["uid", *ENDS]).join(servers, on="client", how="anti")


def plan(tables: Tables, params: ExfiltrationParams, context: Context) -> pl.LazyFrame:
    """Give one finding per client."""
    gap, deviation = rhythm()
    found = (
        _mails(tables, context)
        .with_columns(pl.col("recipient_names").list.contains(pl.col("sender")).fill_null(value=False).alias("to_self"))
        .group_by("client")
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().alias("clients"),
            pl.col("server").unique().sort().alias("servers"),
            pl.col("user").drop_nulls().unique().sort().alias("accounts"),
            pl.col("recipient_names").explode().drop_nulls().unique().sort().alias("recipients_seen"),
            pl.col("to_self").sum().alias("to_self"),
            gap.fill_null(0).alias("gap"),
            deviation.fill_null(0).alias("deviation"),
            first_uids().alias("uids"),
        )
    )
    few = pl.col("recipients_seen").list.len() <= params.max_recipients
    by_the_clock = (pl.col("count") >= params.min_regular) & (
        pl.col("deviation") <= params.max_deviation * pl.col("gap")
    )
    own = pl.col("to_self") > 0
    return shaped(
        found.filter(pl.col("count") >= params.min_mails, few).with_columns(
            entity("client"),
            severity({"high": own | by_the_clock}, otherwise="low"),
            pl.when(own).then(pl.lit("high")).otherwise(pl.lit("medium")).alias("confidence"),
            terms(
                evidence("mails", pl.col("count")),
                evidence("to_itself", pl.col("to_self"), own.cast(pl.Float64)),
                evidence("recipients", pl.col("recipients_seen").list.len()),
                evidence("seconds_between", pl.col("gap").round(0), by_the_clock.cast(pl.Float64)),
            ),
            details(recipients_seen=pl.col("recipients_seen")),
        )
    )


DETECTOR = Detector(
    id="credential-exfiltration",
    title="{clients} mails its loot out",
    summary="{clients} logged in to {servers} as {accounts} in clear and sent {mails:mail} to {recipients_seen} "
    "only, {to_itself} of them from an address to itself.",
    action="Isolate {clients}, change every password stored on it, and block {servers}.",
    attack=("T1048.003",),
    needs=("auth", "message", "role"),
    sees=("smtp_auth", "smtp"),
    params=ExfiltrationParams,
    plan=plan,
    stage="abuse",
)
