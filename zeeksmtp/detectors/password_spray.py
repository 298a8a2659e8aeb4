"""Someone tries few passwords on many accounts.

What it sees: logins in clear with a verdict (table `login`), per server. Sources of one network (/24, IPv6 /64) are one
actor. Trials are accounts, each once: bad if its first login failed. The sequential test (S = max(0, S + ln of the
likelihood ratio), alarm at S >= ln(1/alpha)) fires, and then or later at least `spray_accounts` accounts have failed
logins, on average at most `spray_tries` by each client. Networks that do not alarm alone are tested together, per
server and day: the number of accounts with failed logins from outside, against the server's own days before (upper tail
at alpha, at least `history_days`). So are sources that alarm alone over all their tries and share a list: together they
have the shape of a spray within a day. Other outside sources that try at least three of the sprayed accounts on the
same days, and never log in, belong to it. One finding per server; the networks are its evidence. `count` is the number
of accounts.

Why it matters: a spray stays below every lock-out and finds the one account whose password is the season and the year.

Benign causes: a mail gateway or a terminal server behind which many people sit, after a change of all passwords; a
mailbox migration with outdated credentials.

What to do: block the networks, require second factors, look for the accounts among later logins, and forbid the
passwords that were tried if you know them.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, terms, test_column, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._guessing import SOURCE, SprayShape, login_alarms, logins, network_of, spray_shape
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Advice, Context, Detector, Tables
from zeeksmtp.statistics.change import unusual_days

_NETWORK = ("network", "server")
_SERVER_DAY = ("server", "day")
_MAX_NETWORKS = 100
_MIN_SHARED_ACCOUNTS = 3
"""Accounts of a spray that another source tries as well: a person has one, or two."""


class PasswordSprayParams(SprayShape):
    """When failed logins are a spray."""

    history_days: int = Field(
        7, ge=3, description="days of history to judge a server by; Source: our choice, each weekday once"
    )


def _networks(tries: pl.LazyFrame, params: PasswordSprayParams, context: Context) -> pl.LazyFrame:
    """Return the networks that alarm at a server, over the first login of each account, and look like a spray."""
    named = tries.filter(pl.col("account").is_not_null()).sort("ts", "uid", "seq")
    accounts = named.unique([*_NETWORK, "account"], keep="first", maintain_order=True)
    alarms = login_alarms(accounts, _NETWORK, params, context).cache()
    own = tries.join(alarms.select(*_NETWORK), on=list(_NETWORK), how="semi")
    shape = spray_shape(own, _NETWORK, params).join(alarms.select(*_NETWORK, "alarm_at"), on=list(_NETWORK))
    sprays = shape.filter("is_spray", pl.col("ts") >= pl.col("alarm_at")).select(_NETWORK).unique()
    return alarms.join(sprays, on=list(_NETWORK), how="semi")


def _days(rest: pl.LazyFrame, params: PasswordSprayParams, context: Context) -> pl.LazyFrame:
    """Return the days on which unusually many accounts of a server had failed logins, few each."""
    days = unusual_days(rest, ("server",), "account", params.history_days, context.alpha)
    sprays = spray_shape(rest, _SERVER_DAY, params).filter("is_spray").select(_SERVER_DAY).unique()
    return days.filter(pl.col("bad") >= params.spray_accounts).join(sprays, on=list(_SERVER_DAY), how="semi")


def _gangs(rest: pl.LazyFrame, params: PasswordSprayParams, context: Context) -> pl.LazyFrame:
    """Return the sources that alarm over all their tries and divide a list among them: a spray together, none alone."""
    several = rest.filter("bad").group_by(SOURCE).agg(pl.col("account").n_unique().alias("accounts"))
    several = several.filter(pl.col("accounts") > 1).select(SOURCE)
    tries = rest.join(several, on=list(SOURCE), how="semi")
    alarms = login_alarms(tries, SOURCE, params, context).cache()
    own = tries.join(alarms.select(SOURCE), on=list(SOURCE), how="semi")
    days = spray_shape(own, _SERVER_DAY, params).filter("is_spray").select(_SERVER_DAY).unique()
    members = own.join(days, on=list(_SERVER_DAY), how="semi").select(SOURCE).unique()
    return alarms.join(members, on=list(SOURCE), how="semi")


def _companions(rest: pl.LazyFrame, spraying: pl.LazyFrame) -> pl.LazyFrame:
    """Return the failed logins of other outside sources that try a spray's accounts on its days.

    They never log in, and half of at least `_MIN_SHARED_ACCOUNTS` accounts are among those sprayed: a user who
    mistypes meanwhile has one account, and gets in.
    """
    sprayed = spraying.filter("bad").select("server", "account", pl.lit(1).alias("sprayed")).unique()
    days = spraying.filter("bad").select("server", pl.col("ts").dt.truncate("1d").alias("day")).unique()
    meanwhile = rest.join(days, on=list(_SERVER_DAY), how="semi").join(
        spraying.select("client", "server").unique(), on=list(SOURCE), how="anti"
    )
    meanwhile = meanwhile.join(sprayed, on=["server", "account"], how="left").cache()
    tried, shared = pl.col("account").n_unique(), pl.col("account").filter(pl.col("sprayed") == 1).n_unique()
    sources = meanwhile.group_by(SOURCE).agg(tried.alias("tried"), shared.alias("shared"), pl.col("bad").all())
    found = sources.filter(
        "bad", pl.col("shared") >= pl.max_horizontal(pl.lit(_MIN_SHARED_ACCOUNTS), pl.col("tried") / 2)
    )
    return meanwhile.drop("sprayed").join(found, on=list(SOURCE), how="semi")


def plan(tables: Tables, params: PasswordSprayParams, context: Context) -> pl.LazyFrame:
    """Return one finding per server."""
    # A device with an outdated password is one account's trouble, however many such devices there are.
    tries = logins(tables).filter(~pl.col("stale")).with_columns(network_of(pl.col("client")).alias("network")).cache()
    alone = _networks(tries, params, context).cache()
    # Together only what comes from outside: inside, everyone's first mistake of the day would add up.
    named = tries.filter(pl.col("direction") == "inbound", pl.col("account").is_not_null())
    # One that later alarms alone leaves them, but not the finding: it is the same server's.
    rest = named.join(alone, on=list(_NETWORK), how="anti").with_columns(pl.col("ts").dt.truncate("1d").alias("day"))
    rest = rest.cache()
    days = _days(rest, params, context).cache()
    gangs = _gangs(rest, params, context).cache()
    sprays = [
        tries.join(alone, on=list(_NETWORK), how="semi"),
        rest.join(days, on=list(_SERVER_DAY), how="semi"),
        rest.join(gangs, on=list(SOURCE), how="semi").join(days, on=list(_SERVER_DAY), how="anti"),
    ]
    spraying = pl.concat(sprays, how="diagonal").cache()
    outcomes = [alone.drop("network"), days.drop("day"), gangs.drop("client")]
    alarms = pl.concat(outcomes, how="diagonal").sort("score", "alarm_at", descending=[True, False])
    # The strongest evidence, and since when there was any.
    worst = alarms.with_columns(pl.col("alarm_at").min().over("server"))
    found = (
        pl.concat([spraying, _companions(rest, spraying)], how="diagonal")
        .filter(pl.col("bad"), context.window.covers())
        .group_by("server")
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.col("account").n_unique().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().sort().head(100).alias("clients"),
            pl.col("client").n_unique().alias("sources"),
            pl.col("server").unique().alias("servers"),
            pl.col("user").drop_nulls().unique().sort().head(100).alias("accounts"),
            pl.col("network").unique().sort().alias("networks"),
            pl.len().alias("refused"),
            first_uids().alias("uids"),
        )
        .join(worst.unique("server", keep="first", maintain_order=True), on="server")
    )
    return to_findings(
        found.with_columns(
            entity("server"),
            pl.lit("high").alias("severity"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("accounts_tried", pl.col("count")),
                evidence("refused", pl.col("refused")),
                evidence("sources", pl.col("sources")),
                evidence("source_networks", pl.col("networks").list.len()),
            ),
            details(networks=pl.col("networks").list.head(_MAX_NETWORKS)),
            test_column(),
        )
    )


DETECTOR = Detector(
    id="password-spray",
    title="Password spraying against {servers} ({accounts_tried} accounts)",
    summary="{refused:failed login} for {accounts_tried:account} from {sources:source} in {source_networks:network}, "
    "few per account.",
    actions=(
        Advice("Block {networks}.", when=("client-outside",)),
        Advice("Isolate {clients} and investigate it.", when=("client-local",)),
        Advice("Require a second factor for logins at {servers}.", when=("server-local",)),
        Advice("Watch {accounts} for later successful logins."),
    ),
    attack=("T1110.003",),
    needs=("login",),
    required_logs=("smtp_auth",),
    replaces=("password-guessing", "smtp-probing"),
    params=PasswordSprayParams,
    plan=plan,
    stage="guessing",
    technique="Password guessing",
    convicts=True,
    weaknesses=("password-guessing", "attacker"),
)
