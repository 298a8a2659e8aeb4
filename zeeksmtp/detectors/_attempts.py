"""Attempts that no log has one by one (table `attempt`): the sequential test on them, and what makes it strong.

Three detectors divide them: `password-guessing` (ports that demand a login), `user-enumeration` (long dialogues on
port 25) and `smtp-probing` (what may be either).
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.expressions.rhythm import rhythm
from zeeksmtp.facts.login import MAX_GAP_DEVIATION, MIN_GAP_SECONDS
from zeeksmtp.model import Context, Tables
from zeeksmtp.statistics.sequential import SequentialTest, alarms

PAIR = ("client", "server")
MIN_REGULAR_SESSIONS = 4
"""Sessions that show a rhythm, at least: three gaps."""


def trials_of(tables: Tables, *kinds: str) -> pl.LazyFrame:
    """Return the sessions of `kinds` as bad trials, as many as they had tries, and those with mail as good ones.

    Of these a row is a run (table `attempt`): so many that followed each other.
    """
    attempts = tables["attempt"].filter(pl.col("kind").is_in([*kinds, "mail"]))
    return attempts.with_columns((pl.col("kind") != "mail").alias("bad"), pl.col("tries").alias("trials"))


def before_own_alarm(rows: pl.LazyFrame, alone: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows of pairs up to the alarm (`alarm_at`) that they raise by themselves in `alone`.

    So what they do together with others does not vanish when one of them goes on alone.
    """
    placed = rows.join(alone.select(*PAIR, "alarm_at"), on=list(PAIR), how="left")
    return placed.filter(pl.col("alarm_at").is_null() | (pl.col("ts") < pl.col("alarm_at"))).drop("alarm_at")


def suspects(trials: pl.LazyFrame, test: SequentialTest, context: Context) -> pl.LazyFrame:
    """Return the pairs that alarm, with the test and what their sessions in the window have in common.

    `regular`: by the clock, as a monitoring probe or a device with an outdated password comes; that is no attack.
    `strong`: twice the score that alarms, and neither a client of the site nor one that only greets (`greetings`) if it
    takes its time. `mails_after` counts the mails of the source that follow the alarm.
    """
    found = alarms(trials.select(*PAIR, "ts", "bad", "trials"), PAIR, test).cache()
    gap, deviation = rhythm()
    own = trials.join(found.select(*PAIR, "alarm_at"), on=list(PAIR)).cache()
    after = (
        own.filter(~pl.col("bad"), pl.col("ts") > pl.col("alarm_at"))
        .group_by(PAIR)
        .agg(mails_after=pl.col("tries").sum())
    )
    # Up to the alarm: what was no rhythm then stays an attack, whatever comes later.
    before = own.filter("bad", pl.col("ts") <= pl.col("alarm_at"))
    shape = before.group_by(PAIR).agg(gap=gap, deviation=deviation, all_sessions=pl.len())
    summed = (
        own.filter("bad", context.window.covers())
        .group_by(PAIR)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.col("tries").sum().cast(pl.UInt64).alias("count"),
            pl.len().alias("sessions"),
            pl.col("port").cast(pl.String).unique().sort().alias("ports"),
            (pl.col("direction") == "inbound").any().alias("from_outside"),
            (pl.col("kind") == "greeting").all().alias("greetings"),
            first_uids().alias("uids"),
        )
    )
    by_clock = (pl.col("gap") >= MIN_GAP_SECONDS) & (pl.col("deviation") <= MAX_GAP_DEVIATION * pl.col("gap"))
    regular = by_clock.fill_null(value=False) & (pl.col("all_sessions") >= MIN_REGULAR_SESSIONS)
    in_a_hurry = (pl.col("from_outside") & ~pl.col("greetings")) | (pl.col("gap") < MIN_GAP_SECONDS).fill_null(
        value=True
    )
    return (
        found.join(summed, on=list(PAIR))
        .join(shape, on=list(PAIR))
        .join(after, on=list(PAIR), how="left")
        .with_columns(
            pl.concat_list("client").alias("clients"),
            pl.concat_list("server").alias("servers"),
            pl.col("mails_after").fill_null(0),
            regular.alias("regular"),
            (in_a_hurry & (pl.col("score") >= 2 * pl.col("threshold"))).alias("strong"),
        )
    )


def inferred_severity() -> pl.Expr:
    """Return the severity of `suspects`: low; one step more each for strong evidence and for success that follows."""
    # A user of the site who mistypes a password sends mail afterwards, too.
    succeeded = (pl.col("mails_after") > 0) & (pl.col("from_outside") | pl.col("strong"))
    steps = pl.col("strong").cast(pl.Int8) + succeeded.cast(pl.Int8)
    level = pl.when(steps == 0).then(pl.lit("low")).when(steps == 1).then(pl.lit("medium")).otherwise(pl.lit("high"))
    return level.alias("severity")


def inferred_confidence() -> pl.Expr:
    """Return the confidence of `suspects`."""
    return pl.when("strong").then(pl.lit("medium")).otherwise(pl.lit("low")).alias("confidence")


def guessing_suspects(tables: Tables, test: SequentialTest, context: Context) -> pl.LazyFrame:
    """Return the pairs whose sessions without mail are logins that failed."""
    return suspects(trials_of(tables, "login"), test, context).filter(~pl.col("regular"))
