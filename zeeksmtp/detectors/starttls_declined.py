"""A client goes on in clear although the server offers STARTTLS.

What it sees: sessions (table `session`) in which STARTTLS was offered and TLS never came up, and the client gave
credentials away all the same (table `auth`, not counting guesses), or sent mail on a path that leaves the site. One
finding per client and server; `count` is the number of such sessions. Severity: medium with credentials, low without.

Why it matters: the server did its part; the client is set up wrongly, and a setting is all that it takes.

Benign causes: old devices whose TLS is too old for the server; programs whose default is "no encryption"; MTAs that
are told not to use TLS with a broken partner.

What to do: set the client to require TLS; where it cannot, put a local relay between it and the server.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from zeeksmtp.detectors._exposure import exposed_any, given
from zeeksmtp.detectors._finding import entity, severity, shaped, terms
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.facts._common import first_seen, seen_first, uids_seen
from zeeksmtp.facts._merging import merged
from zeeksmtp.model import Context, Daily, Detector, Params, Tables

_PAIR = ("client", "server")


class DeclinedParams(Params):
    """No parameters: one session is enough."""


def _sessions(tables: Tables, _params: DeclinedParams, context: Context) -> pl.LazyFrame:
    """Sessions that went on in clear, summed up by pair; each for itself (`session`) where it may have been a guess.

    Whether a refused try was a guess is told by all days together.
    """
    # A mail that was refused at its end went by in clear all the same.
    sent = pl.sum_horizontal(pl.col("messages_accepted", "messages_refused").fill_null(0))
    crosses = pl.col("direction").is_in(["inbound", "outbound", "external"])
    tries = (
        given(tables)
        .filter(context.window.covers())
        .group_by("uid", *_PAIR)
        .agg((~pl.col("refused")).sum().cast(pl.UInt64).alias("logins"), pl.col("refused").any().alias("doubtful"))
    )
    return (
        tables["session"]
        .filter(context.window.covers(), pl.col("starttls_offered"), ~pl.col("tls").fill_null(value=True))
        .select("ts", "uid", *_PAIR, pl.when(crosses).then(sent).otherwise(0).alias("mails"))
        .join(tries, on=["uid", *_PAIR], how="left")
        .with_columns(pl.when("doubtful").then("uid").alias("session"), pl.col("logins").fill_null(0))
        .filter((pl.col("mails") > 0) | (pl.col("logins") > 0) | pl.col("session").is_not_null())
        .group_by(*_PAIR, "session")
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("count"),
            pl.col("mails", "logins").sum(),
            first_seen(),
        )
    )


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    return merged(days, (*_PAIR, "session"), *_sums())


def _sums() -> Sequence[pl.Expr]:
    return (
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("count").sum(),
        pl.col("mails").sum(),
        pl.col("logins").sum(),
        seen_first(),
    )


def plan(tables: Tables, _params: DeclinedParams, context: Context) -> pl.LazyFrame:
    """Give one finding per client and server."""
    refused = exposed_any(tables, context).filter("refused").group_by("uid", *_PAIR).agg(pl.len().alias("tries"))
    daily = tables["daily"].cache()
    doubtful = daily.filter(pl.col("session").is_not_null())
    judged = doubtful.join(refused, left_on=["session", *_PAIR], right_on=["uid", *_PAIR], how="left")
    logins = pl.col("logins") + pl.col("tries").fill_null(0).cast(pl.UInt64)
    gave = judged.with_columns(logins.alias("logins")).filter((pl.col("logins") > 0) | (pl.col("mails") > 0))
    certain = daily.filter(pl.col("session").is_null())
    found = merged(pl.concat([certain, gave.drop("tries")]), _PAIR, *_sums())
    return shaped(
        found.with_columns(
            entity(*_PAIR),
            pl.concat_list("client").alias("clients"),
            pl.concat_list("server").alias("servers"),
            uids_seen(),
            severity({"medium": pl.col("logins") > 0}, otherwise="low"),
            pl.lit("high").alias("confidence"),
            terms(evidence("logins", pl.col("logins")), evidence("mails_across", pl.col("mails"))),
        )
    )


DETECTOR = Detector(
    id="starttls-declined",
    title="{clients} declines STARTTLS of {servers}",
    summary="{servers} offered STARTTLS, yet {clients} went on in clear in {count:session}, with {logins:login} "
    "and {mails_across:mail} across the boundary.",
    action="Set {clients} to require TLS with {servers}.",
    attack=("T1040",),
    needs=("session", "auth", "login"),
    sees=("smtp_session",),
    params=DeclinedParams,
    plan=plan,
    daily=Daily(("session", "auth"), _sessions, _merged),
)
