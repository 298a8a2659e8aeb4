"""Logins with a verdict on their credentials, accepted or rejected, deduplicated by secret.

A guesser sends another secret each time. A device with an outdated password repeats one, and a person mistypes a few
times: neither makes more than one row.
"""

from datetime import timedelta

import polars as pl

from zeeksmtp.expressions.connections import PARTIES
from zeeksmtp.expressions.rhythm import rhythm
from zeeksmtp.model import Column, Context, Fact, Tables

MIN_GAP_SECONDS = 60.0
"""Median gap between the logins of a device with an outdated password, at least."""
MAX_GAP_DEVIATION = 0.25
"""Median deviation of these gaps, as a share of the median gap, at most."""
_MAX_MISTAKES, _MAX_MISTAKE_MINUTES = 3, 10  # how often, and for how long, a person mistypes before a success

_SOURCE = ("client", "server")
_ENTITY = (*_SOURCE, "account")
_ORDER = ("ts", "uid", "seq")


def _stale_sources(verdicts: pl.LazyFrame) -> pl.LazyFrame:
    """Return the sources that repeat one outdated password: one account, passwords of one length.

    That is enough for a host of the site, because a word list has passwords of several lengths. From outside, where
    lists of one length do come from, the logins must be well apart and regular, one per connection.
    """
    gap, deviation = rhythm()
    per_source = (
        verdicts.filter(pl.col("bad"))
        .sort(_ORDER)
        .group_by(_SOURCE)
        .agg(
            pl.col("account").n_unique().alias("accounts"),
            pl.col("secret_length").n_unique().alias("lengths"),
            pl.col("secret_length").is_not_null().all().alias("measured"),
            (pl.col("uid").n_unique() == pl.len()).alias("single"),
            pl.col("direction").is_in(["internal", "outbound"]).all().alias("inside"),
            gap.alias("gap"),
            deviation.alias("deviation"),
        )
    )
    same = (pl.col("accounts") == 1) & (pl.col("lengths") == 1)
    regular = pl.col("inside") | (pl.col("deviation") <= MAX_GAP_DEVIATION * pl.col("gap"))
    apart = pl.col("single") & (pl.col("gap") >= MIN_GAP_SECONDS) & regular
    repeats = (pl.col("inside") & pl.col("measured")) | apart
    return per_source.filter(same & repeats).select(*_SOURCE, stale=pl.lit("stale"))


def _mistakes() -> pl.Expr:
    """Return one value for the mistyped passwords of one success: up to three, minutes before it; null for others."""
    right = pl.when(~pl.col("bad")).then(pl.col("ts"))
    success = right.fill_null(strategy="backward").over(_ENTITY)
    run = (~pl.col("bad")).cum_sum().over(_ENTITY)
    tries = pl.col("bad").sum().over([*_ENTITY, run])
    soon = success - pl.col("ts") <= timedelta(minutes=_MAX_MISTAKE_MINUTES)
    mistaken = (pl.col("bad") & soon & (tries <= _MAX_MISTAKES)).fill_null(value=False)
    return pl.when(mistaken).then(pl.format("mistake/{}", run))


def _first_of_secret(verdicts: pl.LazyFrame) -> pl.LazyFrame:
    """Drop, where all secrets of an account have hashes, the repetitions: it is cheaper than sorting them all."""
    unhashed = verdicts.filter(pl.col("secret_hash").is_null()).select(_ENTITY).unique()
    hashed = verdicts.join(unhashed, on=list(_ENTITY), how="anti", nulls_equal=True)
    firsts = hashed.group_by(*_ENTITY, "secret_hash", "bad").agg(pl.col("ts").min())
    same = [*_ENTITY, "secret_hash", "bad", "ts"]
    return pl.concat(
        [
            hashed.join(firsts, on=same, how="semi", nulls_equal=True),
            verdicts.join(unhashed, on=list(_ENTITY), how="semi", nulls_equal=True),
        ]
    )


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per client, server, account, secret and outcome: the first login."""
    verdicts = tables["auth"].filter(pl.col("outcome").is_in(["success", "failure"]))
    verdicts = verdicts.with_columns((pl.col("outcome") == "failure").alias("bad"))
    # Equal hashes are one secret; without hashes a stale source counts as repeating one.
    same_try = pl.coalesce("secret_hash", "stale", _mistakes(), pl.format("{}/{}", "uid", "seq"))
    return (
        _first_of_secret(verdicts)
        .join(_stale_sources(verdicts), on=list(_SOURCE), how="left")
        .sort(_ORDER)
        .with_columns(same_try.alias("try"))
        .unique([*_ENTITY, "try", "bad"], keep="first", maintain_order=True)
        .with_columns(pl.col("stale").is_not_null())
        .select(column.name for column in FACT.columns)
    )


FACT = Fact(
    name="login",
    doc="One row per client, server, account, secret and outcome: the first login.",
    columns=(
        *PARTIES,
        Column("seq", "count", "number of the AUTH command within the connection"),
        Column("user", "string", "who logged in, as logged"),
        Column("account", "string", "the normal form of `user`"),
        Column("bad", "bool", "rejected for its credentials; else accepted"),
        Column("stale", "bool", "the client repeats one outdated password at this server"),
    ),
    needs=("auth",),
    plan=plan,
)
