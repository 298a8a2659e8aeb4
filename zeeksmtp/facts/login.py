"""Logins that were judged: accepted, or refused for their credentials; each secret of an account once.

Who guesses sends another secret each time. A device with an old password sends the same one again and again, and a
person mistypes a few times: neither makes more than one row.
"""

from datetime import timedelta

import polars as pl

from zeeksmtp.facts._common import PARTIES
from zeeksmtp.facts._rhythm import rhythm
from zeeksmtp.model import Column, Context, Fact, Tables

# How a device with an old password tries: a minute or more apart, and half of the gaps differ little from the median.
MIN_GAP_SECONDS, MAX_DEVIATION = 60.0, 0.25
# How a person mistypes: a few times, and then knows it.
_MISTAKES, _MISTAKE_MINUTES = 3, 10

_SOURCE = ("client", "server")
_ENTITY = (*_SOURCE, "account")
_ORDER = ("ts", "uid", "seq")


def _stale(judged: pl.LazyFrame) -> pl.LazyFrame:
    """Sources whose tries look like one old password: one account, one length, one try a connection, well apart.

    Of a host of the site that is enough; from outside, where lists of passwords of one length come from, the tries must
    come by the clock.
    """
    gap, deviation = rhythm()
    per_source = (
        judged.filter(pl.col("bad"))
        .sort(_ORDER)
        .group_by(_SOURCE)
        .agg(
            pl.col("account").n_unique().alias("accounts"),
            pl.col("secret_length").n_unique().alias("lengths"),
            (pl.col("uid").n_unique() == pl.len()).alias("single"),
            pl.col("direction").is_in(["internal", "outbound"]).all().alias("inside"),
            gap.alias("gap"),
            deviation.alias("deviation"),
        )
    )
    same = (pl.col("accounts") == 1) & (pl.col("lengths") == 1) & pl.col("single")
    by_the_clock = pl.col("deviation") <= MAX_DEVIATION * pl.col("gap")
    apart = (pl.col("gap") >= MIN_GAP_SECONDS) & (pl.col("inside") | by_the_clock)
    return per_source.filter(same & apart).select(*_SOURCE, stale=pl.lit("stale"))


def _mistakes() -> pl.Expr:
    """Wrong passwords of someone who then knew the right one: up to three, minutes before the success, are one."""
    right = pl.when(~pl.col("bad")).then(pl.col("ts"))
    success = right.fill_null(strategy="backward").over(_ENTITY)
    run = (~pl.col("bad")).cum_sum().over(_ENTITY)
    tries = pl.col("bad").sum().over([*_ENTITY, run])
    soon = success - pl.col("ts") <= timedelta(minutes=_MISTAKE_MINUTES)
    mistaken = (pl.col("bad") & soon & (tries <= _MISTAKES)).fill_null(value=False)
    return pl.when(mistaken).then(pl.format("mistake/{}", run))


def _worth_a_look(judged: pl.LazyFrame) -> pl.LazyFrame:
    """Leave out, where all secrets of an account have hashes, what cannot be the first of its secret and outcome."""
    unhashed = judged.filter(pl.col("secret_hash").is_null()).select(_ENTITY).unique()
    hashed = judged.join(unhashed, on=list(_ENTITY), how="anti", nulls_equal=True)
    firsts = hashed.group_by(*_ENTITY, "secret_hash", "bad").agg(pl.col("ts").min())
    same = [*_ENTITY, "secret_hash", "bad", "ts"]
    return pl.concat(
        [
            hashed.join(firsts, on=same, how="semi", nulls_equal=True),
            judged.join(unhashed, on=list(_ENTITY), how="semi", nulls_equal=True),
        ]
    )


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Give one row per secret of an account that a client tried, and outcome: the first time."""
    judged = tables["auth"].filter(pl.col("outcome").is_in(["success", "failure"]))
    judged = judged.with_columns((pl.col("outcome") == "failure").alias("bad"))
    # Equal hashes are one secret; without hashes a device that tries well apart is taken to repeat itself.
    same_try = pl.coalesce("secret_hash", "stale", _mistakes(), pl.format("{}/{}", "uid", "seq"))
    return (
        _worth_a_look(judged)
        .join(_stale(judged), on=list(_SOURCE), how="left")
        .sort(_ORDER)
        .with_columns(same_try.alias("try"))
        .unique([*_ENTITY, "try", "bad"], keep="first", maintain_order=True)
        .with_columns(pl.col("stale").is_not_null())
        .select(column.name for column in FACT.columns)
    )


FACT = Fact(
    name="login",
    doc="One row per secret of an account that a client tried, and outcome: the first time.",
    columns=(
        *PARTIES,
        Column("seq", "count", "number of the AUTH command within the connection"),
        Column("user", "string", "who logged in, as logged"),
        Column("account", "string", "the same in the form in which accounts are joined"),
        Column("bad", "bool", "refused for its credentials; else accepted"),
        Column("stale", "bool", "the client at this server looks like a device with an old password"),
    ),
    needs=("auth",),
    plan=plan,
)
