"""The sequential test on failed logins that the detectors of password guessing share."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from pydantic import Field

from zeeksmtp.model import Context, Params, Tables
from zeeksmtp.statistics.sequential import SequentialTest, alarms

SOURCE = ("client", "server")
ACCOUNT = ("account", "server")
MAX_TRIES_OF_SOURCE = 2
"""Failed logins of one source at one account that count in the test over all sources."""


class GuessingTest(Params):
    """The sequential test on rejected credentials."""

    theta0: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="share of failed logins of people who mistype; Source: measured on the choosing half of the "
        "simulated sites (`make evaluate`)",
    )
    theta1: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="share of failed logins of guessers; Source: measured on the choosing half of the simulated "
        "sites (`make evaluate`)",
    )
    memory_days: float = Field(
        30,
        gt=0,
        le=365,
        description="days without a login after which the score starts anew; Source: our choice, a month of logs",
    )

    def test(self, context: Context) -> SequentialTest:
        """Return the test with the operator's `alpha`."""
        return SequentialTest(self.theta0, self.theta1, context.alpha, self.memory_days)


class SprayShape(GuessingTest):
    """The test, and the shape of a spray."""

    spray_accounts: int = Field(
        5,
        ge=2,
        description="accounts with failed logins that make a spray, at least; Source: Elastic's 'at least 5 accounts'",
    )
    spray_tries: float = Field(
        3,
        ge=1,
        description="failed logins of a client per account of a spray, at most; Source: the usual lock-out after 3 "
        "to 5 tries",
    )


class DistributedGuessing(GuessingTest):
    """The test over several sources."""

    min_sources: int = Field(
        3, ge=2, description="clients that distributed guessing has at least; Source: our choice, two may be one person"
    )


def network_of(address: pl.Expr) -> pl.Expr:
    """Return the network that stands for a source: the /24 of an IPv4 address, the /64 of an IPv6 address."""
    v4 = address.str.extract(r"^(\d+\.\d+\.\d+)\.\d+$") + ".0/24"
    v6 = address.str.extract(r"^((?:[0-9a-fA-F]+:){1,4})") + ":/64"
    return pl.coalesce(v4, v6, address)


def logins(tables: Tables) -> pl.LazyFrame:
    """Return the logins with a verdict (table `login`) as `trials`, one each."""
    return tables["login"].with_columns(pl.lit(1, pl.Int64).alias("trials"))


def login_alarms(tries: pl.LazyFrame, keys: Sequence[str], params: GuessingTest, context: Context) -> pl.LazyFrame:
    """Return `statistics.sequential.outcomes` of the keys that alarm."""
    trials = tries.select(*keys, "ts", "bad", "trials")
    return alarms(trials, keys, params.test(context))


def spray_shape(tries: pl.LazyFrame, keys: Sequence[str], params: SprayShape) -> pl.LazyFrame:
    """Return the failed logins of each key in time order, with the flag `is_spray`.

    It holds at a login if the logins up to it concern many accounts, and a client tries one of them few times (on
    average). What was true of a moment stays true, whatever is logged later: findings keep their ids while an attack
    goes on.
    """
    failed = tries.filter(pl.col("bad"), pl.col("account").is_not_null()).sort(*keys, "ts", "uid", "seq")
    accounts = pl.struct(*keys, "account").is_first_distinct().cast(pl.Int64).cum_sum().over(keys)
    pair = list(dict.fromkeys([*keys, "client", "account"]))
    pairs = pl.struct(pair).is_first_distinct().cast(pl.Int64).cum_sum().over(keys)
    number = pl.int_range(1, pl.len() + 1).over(keys)
    is_spray = (accounts >= params.spray_accounts) & (number <= params.spray_tries * pairs)
    return failed.select(*keys, "ts", is_spray.alias("is_spray"))


def by_source(tries: pl.LazyFrame, params: SprayShape, context: Context) -> pl.LazyFrame:
    """Return the sources (client, server) that alarm; `is_spray`: they have the shape of a spray from then on."""
    guessers = login_alarms(tries, SOURCE, params, context).cache()
    own = tries.join(guessers.select(*SOURCE, "alarm_at"), on=list(SOURCE))
    shape = spray_shape(own, SOURCE, params).join(guessers.select(*SOURCE, "alarm_at"), on=list(SOURCE))
    since = shape.filter(pl.col("ts") >= pl.col("alarm_at")).group_by(SOURCE).agg(pl.col("is_spray").all())
    return guessers.join(since, on=list(SOURCE), how="left").with_columns(pl.col("is_spray").fill_null(value=False))


def of_strangers(tries: pl.LazyFrame) -> pl.LazyFrame:
    """Return the logins to named accounts without the failed ones of their users, whose first login was accepted.

    Whoever mistypes a password while others guess it is no guesser, and neither is a device inside with an outdated
    one. Outside, whoever goes on with one password at the pace of a device may still be one of the guessers.
    """
    named = tries.filter(pl.col("account").is_not_null()).sort("ts", "uid", "seq")
    is_user = ~pl.col("bad").first().over("client", *ACCOUNT)
    is_device = pl.col("stale") & (pl.col("direction") != "inbound")
    return named.filter(~(pl.col("bad") & (is_user | is_device)))


def by_account(strangers: pl.LazyFrame, params: DistributedGuessing, context: Context) -> pl.LazyFrame:
    """Return the accounts (account, server) that alarm over at least `min_sources` sources, of `of_strangers`.

    Each source counts with its first failed logins only: however many passwords one of them tries, it is one of the
    sources, and the alarm does not vanish when one of them goes on alone.
    """
    place = pl.int_range(pl.len()).over("client", *ACCOUNT, "bad")
    counted = strangers.filter(~pl.col("bad") | (place < MAX_TRIES_OF_SOURCE))
    failed = strangers.filter(pl.col("bad")).group_by(ACCOUNT).agg(pl.col("client").n_unique().alias("sources"))
    several = failed.filter(pl.col("sources") >= params.min_sources)
    return login_alarms(counted, ACCOUNT, params, context).join(several, on=list(ACCOUNT))


def before_alarms(tries: pl.LazyFrame, alone: pl.LazyFrame, accounts: pl.LazyFrame) -> pl.LazyFrame:
    """Return the logins before the alarm of their source (`alone`) and of their account (`accounts`).

    Later ones belong to the findings of these. Those before stay with what all sources do together, so that this does
    not vanish when one of them goes on alone.
    """
    own = alone.select(*SOURCE, pl.col("alarm_at").alias("source_alarm"))
    shared = accounts.select(*ACCOUNT, pl.col("alarm_at").alias("account_alarm"))
    each = tries.join(own, on=list(SOURCE), how="left").join(shared, on=list(ACCOUNT), how="left")
    alarm = pl.min_horizontal("source_alarm", "account_alarm")
    return each.filter(alarm.is_null() | (pl.col("ts") < alarm))


def refused_guessers(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return `client` and `server` of every source that alarms in `password-guessing`, as that is configured."""
    configured = context.params.get("password-guessing")
    params = configured if isinstance(configured, GuessingTest) else GuessingTest()
    return login_alarms(logins(tables), SOURCE, params, context).select(SOURCE)
