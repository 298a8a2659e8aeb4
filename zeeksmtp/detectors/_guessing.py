"""Who guesses passwords: the trials that the detectors of guessing share, and the test on them.

A trial is a login that was judged: accepted, or refused for its credentials. Lines of a stale password (one account
and one secret, again and again) are one trial.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._rhythm import rhythm
from zeeksmtp.model import Context, Params, Tables
from zeeksmtp.statistics.sequential import SequentialTest, alarms

# How a device with an old password tries: a minute or more apart, and half of the gaps differ little from the median.
MIN_GAP_SECONDS, MAX_DEVIATION = 60.0, 0.25
# How a person mistypes: a few times, and then knows it.
_MISTAKES, _MISTAKE_MINUTES = 3, 10

SOURCE = ("client", "server")
ACCOUNT = ("account", "server")


class GuessingTest(Params):
    """The sequential test on refused credentials, and what tells a spray from guessing."""

    theta0: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="share of refused logins of those who mistype; Source: measured on the choosing half of the "
        "simulated sites (`make evaluate`)",
    )
    theta1: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="share of refused logins of guessers; Source: measured on the choosing half of the simulated "
        "sites (`make evaluate`)",
    )
    memory_days: float = Field(
        30,
        gt=0,
        le=365,
        description="days without a login after which the score starts anew; Source: our choice, a month of logs",
    )
    spray_accounts: int = Field(
        5, ge=2, description="accounts refused from which on a run is a spray; Source: Elastic's 'at least 5 accounts'"
    )
    spray_tries: float = Field(
        3, ge=1, description="most tries per account in a spray; Source: the usual lock-out after 3 to 5 tries"
    )

    def test(self, context: Context) -> SequentialTest:
        """Give the test with the operator's `alpha`."""
        return SequentialTest(self.theta0, self.theta1, context.alpha, self.memory_days)


def network_of(address: pl.Expr) -> pl.Expr:
    """Give the network that stands for a source: the /24 of an IPv4 address, the /64 of an IPv6 address."""
    v4 = address.str.extract(r"^(\d+\.\d+\.\d+)\.\d+$") + ".0/24"
    v6 = address.str.extract(r"^((?:[0-9a-fA-F]+:){1,4})") + ":/64"
    return pl.coalesce(v4, v6, address)


def _stale(judged: pl.LazyFrame) -> pl.LazyFrame:
    """Sources whose tries look like one old password: one account, one length, one try a connection, well apart.

    Of a host of the site that is enough; from outside, where lists of passwords of one length come from, the tries must
    come by the clock.
    """
    gap, deviation = rhythm()
    per_source = (
        judged.filter(pl.col("bad"))
        .group_by(SOURCE)
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
    return per_source.filter(same & apart).select(*SOURCE, stale=pl.lit("stale"))


def _mistakes() -> pl.Expr:
    """Wrong passwords of someone who then knew the right one: up to three, minutes before the success, are one."""
    entity = [*SOURCE, "account"]
    right = pl.when(~pl.col("bad")).then(pl.col("ts"))
    success = right.fill_null(strategy="backward").over(entity)
    run = (~pl.col("bad")).cum_sum().over(entity)
    tries = pl.col("bad").sum().over([*entity, run])
    soon = success - pl.col("ts") <= timedelta(minutes=_MISTAKE_MINUTES)
    mistaken = (pl.col("bad") & soon & (tries <= _MISTAKES)).fill_null(value=False)
    return pl.when(mistaken).then(pl.format("mistake/{}", run))


def logins(tables: Tables) -> pl.LazyFrame:
    """Give the judged logins, each secret of an account once per source and outcome, with `bad` and `trials`."""
    judged = tables["auth"].filter(pl.col("outcome").is_in(["success", "failure"]))
    judged = judged.with_columns((pl.col("outcome") == "failure").alias("bad")).sort("ts", "uid", "seq")
    # Equal hashes are one secret; without hashes a device that tries well apart is taken to repeat itself.
    same_try = pl.coalesce("secret_hash", "stale", _mistakes(), pl.format("{}/{}", "uid", "seq"))
    return (
        judged.join(_stale(judged), on=list(SOURCE), how="left", maintain_order="left")
        .with_columns(same_try.alias("try"))
        .unique([*SOURCE, "account", "try", "bad"], keep="first", maintain_order=True)
        .with_columns(pl.lit(1, pl.Int64).alias("trials"))
        .cache()
    )


def tested(tries: pl.LazyFrame, keys: Sequence[str], params: GuessingTest, context: Context) -> pl.LazyFrame:
    """Give `statistics.sequential.outcomes` of the keys that alarm."""
    trials = tries.select(*keys, "ts", "bad", "trials")
    return alarms(trials, keys, params.test(context))


def by_source(tries: pl.LazyFrame, params: GuessingTest, context: Context) -> pl.LazyFrame:
    """Give the sources (client, server) that alarm, with `is_spray`: many accounts, few tries each."""
    refused = (
        tries.filter(pl.col("bad"))
        .group_by(SOURCE)
        .agg(pl.col("account").n_unique().alias("accounts_tried"), pl.len().alias("tries"))
    )
    many = pl.col("accounts_tried") >= params.spray_accounts
    few_each = pl.col("tries") <= params.spray_tries * pl.col("accounts_tried")
    alarmed = tested(tries, SOURCE, params, context).join(refused, on=list(SOURCE))
    return alarmed.with_columns((many & few_each).alias("is_spray"))


def by_account(tries: pl.LazyFrame, params: GuessingTest, context: Context, min_sources: int) -> pl.LazyFrame:
    """Give the accounts (account, server) that alarm over sources of which none alarms alone."""
    alone = by_source(tries, params, context).select(SOURCE)
    rest = tries.filter(pl.col("account").is_not_null()).join(alone, on=list(SOURCE), how="anti")
    sources = rest.filter(pl.col("bad")).group_by(ACCOUNT).agg(pl.col("client").n_unique().alias("sources"))
    return (
        tested(rest, ACCOUNT, params, context).join(sources, on=list(ACCOUNT)).filter(pl.col("sources") >= min_sources)
    )


def refused_guessers(tables: Tables, context: Context) -> pl.LazyFrame:
    """Give `client` and `server` of every source that alarms at default parameters."""
    return by_source(logins(tables), GuessingTest(), context).select(SOURCE)
