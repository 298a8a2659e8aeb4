"""Someone tries few passwords on many accounts.

What it sees: logins in clear that were judged (table `auth`). Sources of one network (/24, IPv6 /64) at one server are
one actor. Trials are accounts, each once: bad if its first try was refused. The sequential test (S = max(0, S + ln of
the likelihood ratio), alarm at S >= ln(1/alpha)) fires, with at least `spray_accounts` accounts refused and at most
`spray_tries` tries per account. Networks that do not alarm alone are judged together, per server and day: the number of
accounts that outside sources were refused for, against the server's own days before (upper tail at alpha, at least
`history_days`). `count` is the number of accounts.

Why it matters: a spray stays below every lock-out and finds the one account whose password is the season and the year.

Benign causes: a mail gateway or a terminal server behind which many people sit, after a change of all passwords; a
mailbox migration with old credentials.

What to do: block the networks, force second factors, look for the accounts among later logins, and forbid the passwords
that were tried if you know them.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, shaped, terms, test_column
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._guessing import GuessingTest, logins, network_of, tested
from zeeksmtp.facts._common import first_uids
from zeeksmtp.model import Advice, Context, Detector, Tables
from zeeksmtp.statistics.change import unusual_days

NETWORK = ("network", "server")


class PasswordSprayParams(GuessingTest):
    """When refused logins are a spray."""

    history_days: int = Field(
        7, ge=3, description="days of history to judge a server by; Source: our choice, each weekday once"
    )


def accounts_tried(tries: pl.LazyFrame, keys: tuple[str, ...]) -> pl.LazyFrame:
    """Give the trials of a spray: each account once per key, by its first try."""
    named = tries.filter(pl.col("account").is_not_null()).sort("ts", "uid", "seq")
    return named.unique([*keys, "account"], keep="first", maintain_order=True)


def sprays(tries: pl.LazyFrame, keys: tuple[str, ...], params: PasswordSprayParams, context: Context) -> pl.LazyFrame:
    """Give the keys that alarm and have the shape of a spray."""
    refused = tries.filter(pl.col("bad"), pl.col("account").is_not_null())
    shape = refused.group_by(keys).agg(pl.col("account").n_unique().alias("tried"), pl.len().alias("tries"))
    spread = (pl.col("tried") >= params.spray_accounts) & (pl.col("tries") <= params.spray_tries * pl.col("tried"))
    return tested(accounts_tried(tries, keys), keys, params, context).join(shape.filter(spread), on=list(keys))


def _together(rest: pl.LazyFrame, params: PasswordSprayParams, context: Context) -> pl.LazyFrame:
    """Give the days on which a server saw unusually many accounts refused, few times each."""
    days = unusual_days(rest, ("server",), "account", params.history_days, context.alpha)
    tries = rest.filter(pl.col("bad")).group_by("server", "day").agg(pl.len().alias("tries"))
    few_each = pl.col("tries") <= params.spray_tries * pl.col("bad")
    return days.join(tries, on=["server", "day"]).filter(pl.col("bad") >= params.spray_accounts, few_each).drop("tries")


def _finding(tries: pl.LazyFrame, found: pl.LazyFrame, keys: tuple[str, ...], context: Context) -> pl.LazyFrame:
    seen = (
        tries.filter(pl.col("bad"), context.window.covers())
        .group_by(keys)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.col("account").n_unique().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().sort().head(100).alias("clients"),
            pl.col("server").unique().alias("servers"),
            pl.col("user").drop_nulls().unique().sort().head(100).alias("accounts"),
            pl.col("network").unique().sort().alias("networks"),
            pl.len().alias("refused"),
            first_uids().alias("uids"),
        )
    )
    return shaped(
        seen.join(found, on=list(keys)).with_columns(
            pl.concat_list("server", pl.col("networks").list.join(",")).alias("key"),
            pl.lit("high").alias("severity"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("accounts_tried", pl.col("count")),
                evidence("refused", pl.col("refused")),
                evidence("sources", pl.col("clients").list.len()),
            ),
            details(networks=pl.col("networks")),
            test_column(),
        )
    )


def plan(tables: Tables, params: PasswordSprayParams, context: Context) -> pl.LazyFrame:
    """Give one finding per server and network, and one per server for networks that spray together."""
    # A device with an old password is one account's trouble, however many such devices there are.
    tries = logins(tables).filter(~pl.col("stale")).with_columns(network_of(pl.col("client")).alias("network"))
    alone = sprays(tries, NETWORK, params, context).cache()
    # Together only what comes from outside: inside, everyone's first mistake of the day would add up.
    named = tries.filter(pl.col("direction") == "inbound", pl.col("account").is_not_null())
    rest = named.join(alone, on=list(NETWORK), how="anti").with_columns(pl.col("ts").dt.truncate("1d").alias("day"))
    group = _together(rest, params, context)
    worst = group.sort("score", "day", descending=[True, False]).unique("server", keep="first").drop("day")
    shared = rest.join(group, on=["server", "day"], how="semi")
    return pl.concat([_finding(tries, alone, NETWORK, context), _finding(shared, worst, ("server",), context)])


DETECTOR = Detector(
    id="password-spray",
    title="{accounts_tried} accounts sprayed at {servers}",
    summary="{networks} tried {accounts_tried:account} of {servers} in vain with {refused:refused login}, "
    "few per account: {accounts}.",
    actions=(Advice("Block {networks} at {servers}; check later logins of these accounts; require second factors."),),
    attack=("T1110.003",),
    needs=("login",),
    required_logs=("smtp_auth",),
    params=PasswordSprayParams,
    plan=plan,
    stage="guessing",
    technique="Password guessing",
    convicts=True,
)
