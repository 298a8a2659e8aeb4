"""A device repeats a password that is no longer valid.

What it sees: at least `min_tries` rejected logins in clear (table `auth`) of one client and account with one and the
same password, at regular intervals: the median gap is at least `min_gap_seconds`, and half of the gaps differ from it
by at most `max_deviation` of it. Twice as many are enough without a rhythm. Equal keyed hashes are the same password.
Without hashes, equal lengths count as the same: at regular intervals, or of a host of the site, because a word list has
passwords of several lengths. Inside TLS, where `password-guessing` alarms over an outside client's short sessions, it
is a device if they come by the clock and nine in ten are of one size, as one password makes them; this is inferred,
and no account is visible. One finding per client, server and account; `count` is the number of rejected logins.

Why it matters: somebody's mail does not arrive, the log fills, and lock-outs or blocks hit the account's owner. The
outdated password is still sent in clear, and often resembles the current one.

Benign causes: this is the benign cause of most rejected logins: a phone or printer with the password of last month.
Inside TLS a monitoring probe from outside looks the same.

What to do: find the device by its address and enter the current password, with TLS switched on.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._exposure import KEY
from zeeksmtp.detectors._finding import ACCOUNT, details, entity, no_account, terms, text_if, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._guessing import SOURCE, GuessingTest
from zeeksmtp.detectors._hidden_logins import TLS_FAILED_BYTES, hidden_alarms, hidden_trials
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.expressions.rhythm import rhythm
from zeeksmtp.facts.login import MAX_GAP_DEVIATION, MIN_GAP_SECONDS
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_IN_TLS = "Inferred from sessions inside TLS of one size; a monitoring probe looks the same."


class StalePasswordParams(Params):
    """When rejected logins are those of a device with an outdated password."""

    min_tries: int = Field(
        4, ge=3, description="rejected logins of the account; Source: our choice, as three gaps show a rhythm"
    )
    min_gap_seconds: float = Field(
        MIN_GAP_SECONDS, gt=0, description="median seconds between logins; Source: clients poll each minute"
    )
    max_deviation: float = Field(
        MAX_GAP_DEVIATION,
        gt=0,
        le=1,
        description="median deviation of the gaps, as a share of the median gap; Source: our choice",
    )


def _in_tls(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return the devices whose refused logins only the size of their sessions inside TLS shows."""
    configured = context.params.get("password-guessing")
    test = configured if isinstance(configured, GuessingTest) else GuessingTest()
    hidden = hidden_trials(tables, getattr(configured, "tls_failed_bytes", TLS_FAILED_BYTES)).cache()
    devices = hidden_alarms(hidden, test, context).filter("device")
    failed = hidden.filter("bad", context.window.covers()).join(devices, on=list(SOURCE))
    found = failed.group_by(SOURCE).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("count"),
        pl.col("gap").first(),
        pl.col("client").unique().alias("clients"),
        pl.col("server").unique().alias("servers"),
        first_uids().alias("uids"),
    )
    nobody = pl.lit([], dtype=pl.List(pl.String)).alias("accounts")
    return found.with_columns(nobody, pl.lit(None, pl.String).alias("account"), pl.lit(value=True).alias("hidden"))


def _findings(found: pl.LazyFrame) -> pl.LazyFrame:
    hidden = pl.col("hidden")
    return to_findings(
        found.with_columns(
            entity(*KEY),
            pl.lit("low").alias("severity"),
            pl.when(hidden).then(pl.lit("low")).otherwise(pl.lit("high")).alias("confidence"),
            pl.when(hidden).then(pl.lit("inferred")).otherwise(pl.lit("observed")).alias("visibility"),
            terms(evidence("refused", pl.col("count")), evidence("seconds_between", pl.col("gap").round(0))),
            details(no_account=no_account(), note=text_if(hidden, _IN_TLS)),
        )
    )


def plan(tables: Tables, params: StalePasswordParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client, server and account."""
    gap, deviation = rhythm()
    failures = tables["auth"].filter(pl.col("outcome") == "failure", pl.col("secret_kind") == "password")
    found = (
        failures.sort("ts", "uid", "seq")
        .group_by(KEY, maintain_order=True)
        .agg(
            pl.col("ts").filter(context.window.covers()).min().alias("first"),
            pl.col("ts").filter(context.window.covers()).max().alias("last"),
            context.window.covers().sum().cast(pl.UInt64).alias("count"),
            pl.len().alias("tries"),
            pl.col("secret_hash").n_unique().alias("hashes"),
            pl.col("secret_hash").is_not_null().all().alias("hashed"),
            pl.col("secret_length").n_unique().alias("lengths"),
            pl.col("secret_length").is_not_null().all().alias("measured"),
            pl.col("direction").is_in(["internal", "outbound"]).all().alias("inside"),
            gap.alias("gap"),
            deviation.alias("deviation"),
            pl.col("client").unique().alias("clients"),
            pl.col("server").unique().alias("servers"),
            pl.col("user").drop_nulls().unique().sort().alias("accounts"),
            first_uids().alias("uids"),
        )
    )
    regular = (pl.col("gap") >= params.min_gap_seconds) & (pl.col("deviation") <= params.max_deviation * pl.col("gap"))
    enough = pl.col("tries") >= pl.when(regular).then(params.min_tries).otherwise(2 * params.min_tries)
    # Where hashes are logged they decide: other secrets of one length are guesses.
    same_length = pl.col("measured") & (pl.col("lengths") == 1) & (pl.col("inside") | regular)
    repeats = (pl.col("hashes") == 1) & (pl.col("hashed") | same_length)
    observed = found.filter(enough, repeats, pl.col("count") > 0).with_columns(pl.lit(value=False).alias("hidden"))
    return pl.concat([_findings(observed), _findings(_in_tls(tables, context))])


DETECTOR = Detector(
    id="stale-password",
    title=f"Outdated password: {ACCOUNT} ({{clients}} → {{servers}})",
    summary="{refused:failed login} with one and the same password, one every {seconds_between:second} (median)."
    "{note: %}",
    actions=(
        Advice("Enter the current password on the device at {clients}, with TLS switched on.", when=("client-local",)),
        Advice(
            "Tell the user of {accounts} to update the saved password.",
            owner="outside",
            when=("client-outside", "accounts"),
        ),
    ),
    attack=(),
    needs=("auth", "tls_submission"),
    required_logs=("smtp_auth",),
    inferred_from=("conn",),
    params=StalePasswordParams,
    plan=plan,
)
