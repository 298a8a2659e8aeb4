"""Who guesses passwords: the trials that the detectors of guessing share, and the test on them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from pydantic import Field

from zeeksmtp.model import Context, Params, Tables
from zeeksmtp.statistics.sequential import SequentialTest, alarms

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


def logins(tables: Tables) -> pl.LazyFrame:
    """Give the judged logins (table `login`) as `trials`, one each."""
    return tables["login"].with_columns(pl.lit(1, pl.Int64).alias("trials"))


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
    """Return `client` and `server` of every source that alarms in `password-guessing`, as that is configured."""
    configured = context.params.get("password-guessing")
    params = configured if isinstance(configured, GuessingTest) else GuessingTest()
    return by_source(logins(tables), params, context).select(SOURCE)
