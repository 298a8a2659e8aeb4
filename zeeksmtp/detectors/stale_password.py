"""A device keeps trying a password that is no longer valid.

What it sees: refused logins in clear (table `auth`) of one client and account with one and the same secret (its keyed
hash, else its length), at least `min_tries` of them, at regular intervals: the median gap is at least
`min_gap_seconds`, and half of the gaps differ from it by less than `max_deviation` of it. One finding per client,
server and account; `count` is the number of refused logins.

Why it matters: somebody's mail does not arrive, the log fills, and lock-outs or blocks hit the account's owner. The old
password still goes by in clear, and often it is the new one's elder brother.

Benign causes: this is the benign cause: a phone or printer that nobody told about the new password.

What to do: find the device by its address and give it the new password, over TLS.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._exposure import KEY
from zeeksmtp.detectors._finding import entity, shaped, terms
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.facts._common import first_uids
from zeeksmtp.facts._rhythm import rhythm
from zeeksmtp.facts.login import MAX_DEVIATION, MIN_GAP_SECONDS
from zeeksmtp.model import Advice, Context, Detector, Params, Tables


class StalePasswordParams(Params):
    """When refused logins are those of a device that nobody told."""

    min_tries: int = Field(4, ge=3, description="refused logins of the pair; Source: our choice, as three gaps show it")
    min_gap_seconds: float = Field(
        MIN_GAP_SECONDS, gt=0, description="median seconds between tries; Source: clients poll each minute"
    )
    max_deviation: float = Field(
        MAX_DEVIATION,
        gt=0,
        le=1,
        description="median deviation of the gaps, as a share of the median gap; Source: our choice",
    )


def plan(tables: Tables, params: StalePasswordParams, context: Context) -> pl.LazyFrame:
    """Give one finding per client, server and account."""
    secret = pl.coalesce("secret_hash", pl.col("secret_length").cast(pl.String))
    gap, deviation = rhythm()
    refused = tables["auth"].filter(pl.col("outcome") == "failure", pl.col("secret_kind") == "password")
    found = (
        refused.sort("ts", "uid", "seq")
        .group_by(KEY, maintain_order=True)
        .agg(
            pl.col("ts").filter(context.window.covers()).min().alias("first"),
            pl.col("ts").filter(context.window.covers()).max().alias("last"),
            context.window.covers().sum().cast(pl.UInt64).alias("count"),
            pl.len().alias("tries"),
            secret.n_unique().alias("secrets"),
            gap.alias("gap"),
            deviation.alias("deviation"),
            pl.col("client").unique().alias("clients"),
            pl.col("server").unique().alias("servers"),
            pl.col("user").drop_nulls().unique().sort().alias("accounts"),
            first_uids().alias("uids"),
        )
    )
    steady = (
        (pl.col("tries") >= params.min_tries)
        & (pl.col("secrets") == 1)
        & (pl.col("gap") >= params.min_gap_seconds)
        & (pl.col("deviation") <= params.max_deviation * pl.col("gap"))
    )
    return shaped(
        found.filter(steady, pl.col("count") > 0).with_columns(
            entity(*KEY),
            pl.lit("low").alias("severity"),
            pl.lit("high").alias("confidence"),
            terms(evidence("refused", pl.col("count")), evidence("seconds_between", pl.col("gap").round(0))),
        )
    )


DETECTOR = Detector(
    id="stale-password",
    title="{clients} keeps trying an old password of {accounts}",
    summary="{clients} was refused {refused:time} at {servers} as {accounts}, always with the same password, about "
    "every {seconds_between} s.",
    actions=(Advice("Give the device at {clients} the new password of {accounts}, over TLS."),),
    attack=(),
    needs=("auth",),
    required_logs=("smtp_auth",),
    params=StalePasswordParams,
    plan=plan,
)
