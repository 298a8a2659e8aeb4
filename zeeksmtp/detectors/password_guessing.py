"""Someone guesses passwords.

What it sees: logins in clear that were judged (table `auth`): bad if the credentials were refused (535 and its kin, not
454, 530 or 538), good if accepted; the same secret of an account counts once. The sequential test (S = max(0, S + ln of
the likelihood ratio), alarm at S >= ln(1/alpha)) runs per client and server, per account and server over sources none
of which alarms alone (at least `min_sources`), and per site: networks outside (/24, IPv6 /64) with refused tries in an
hour, against the site's own rate (Page's test, alarm at the same h; it needs a day of logs and at least `min_sources`
clients). Where commands are hidden in TLS, sessions of outside clients with fewer than `tls_failed_bytes` from the
client (no mail fits into that) are the bad trials; such a finding says so and has low confidence. Many accounts with
few tries each are `password-spray`. `count` is the number of refused tries. Severity: medium; high when slow (median
gap of `slow_gap_minutes` or more) or distributed.

Why it matters: one weak password among the accounts is enough, and the next thing sent is spam from your server.

Benign causes: a device with an old password (`stale-password`, counted once here); a person who mistypes; a password
changed on the server and not on the phone; a monitoring probe that only completes TLS.

What to do: block the source, limit the rate of AUTH (fail2ban, Postfix anvil), require second factors, and see whether
`guess-then-success` names an account.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, shaped, terms, test_column
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._guessing import (
    ACCOUNT,
    SOURCE,
    GuessingTest,
    by_account,
    by_source,
    logins,
    network_of,
    tested,
)
from zeeksmtp.facts._common import first_uids
from zeeksmtp.model import Advice, Context, Daily, Detector, Tables
from zeeksmtp.statistics.rate import surges


class PasswordGuessingParams(GuessingTest):
    """When refused logins are guessing."""

    min_sources: int = Field(
        3, ge=2, description="clients that distributed guessing has at least; Source: our choice, two may be one person"
    )
    slow_gap_minutes: float = Field(
        20, gt=0, description="median minutes between tries of slow guessing; Source: CrowdSec's conditional slow tier"
    )
    tls_failed_bytes: int = Field(
        1000,
        ge=100,
        description="bytes of the client in a TLS session that carried no mail; Source: recorded sessions, refused "
        "logins sent 773 to 803, the smallest mail 1026",
    )


def _seen(tries: pl.LazyFrame, alarmed: pl.LazyFrame, keys: tuple[str, ...], context: Context) -> pl.LazyFrame:
    """What was refused in the window, per key that alarmed; most keys did not, and cost nothing here."""
    seen = (
        tries.filter(pl.col("bad"), context.window.covers())
        .join(alarmed.select(keys), on=list(keys), how="semi")
        .sort("ts", "uid")
        .group_by(keys)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().sort().head(100).alias("clients"),
            pl.col("server").unique().sort().alias("servers"),
            pl.col("user").drop_nulls().unique().sort().head(100).alias("accounts"),
            pl.col("client").n_unique().alias("sources"),
            pl.col("account").n_unique().alias("tried"),
            pl.col("ts").diff().median().alias("gap"),
            first_uids().alias("uids"),
        )
    )
    return seen.join(alarmed, on=list(keys))


def _finding(rows: pl.LazyFrame, keys: tuple[str, ...], params: PasswordGuessingParams, *, how: str) -> pl.LazyFrame:
    slow = (pl.col("gap") >= timedelta(minutes=params.slow_gap_minutes)).fill_null(value=False)
    distributed = pl.col("sources") >= params.min_sources
    in_tls = how == "tls"
    return shaped(
        rows.with_columns(
            entity(*keys),
            severity({"high": (slow | distributed) & pl.lit(not in_tls)}, otherwise="medium"),
            pl.lit("low" if in_tls else "high").alias("confidence"),
            terms(
                evidence("refused", pl.col("count")),
                evidence("sources", pl.col("sources"), distributed.cast(pl.Float64)),
                evidence("accounts_tried", pl.col("tried"), 0.0),
                evidence("slow", slow, slow.cast(pl.Float64)),
                evidence("inside_tls", pl.lit(in_tls), 0.0),
            ),
            details(seen_as=pl.concat_list(pl.lit("short TLS sessions" if in_tls else "refused logins"))),
            test_column(),
        )
    )


def _submitted(tables: Tables, params: PasswordGuessingParams, _context: Context) -> pl.LazyFrame:
    """Sessions of outside clients inside TLS on submission ports: `bad` if no mail fits into them."""
    sessions = tables["session"].filter(
        pl.col("tls"), pl.col("port").is_in([465, 587]), pl.col("direction") == "inbound", pl.col("orig_bytes") > 0
    )
    return sessions.select("ts", "uid", *SOURCE, (pl.col("orig_bytes") < params.tls_failed_bytes).alias("bad"))


def _hidden(tables: Tables) -> pl.LazyFrame:
    """Give what was `_submitted` as trials."""
    return tables["daily"].with_columns(
        pl.lit(1, pl.Int64).alias("trials"),
        pl.lit(None, pl.String).alias("user"),
        pl.lit(None, pl.String).alias("account"),
    )


def plan(tables: Tables, params: PasswordGuessingParams, context: Context) -> pl.LazyFrame:
    """Give the findings per source, per account, per site, and per source inside TLS."""
    # What is used twice is planned once: without `cache` the plan grows like a tree, and planning takes seconds.
    tries, hidden = logins(tables), _hidden(tables).cache()
    alone = by_source(tries, params, context).cache()
    sources = alone.filter(~pl.col("is_spray"))
    accounts = by_account(tries, params, context, params.min_sources).cache()
    rest = tries.join(alone, on=list(SOURCE), how="anti").join(accounts, on=list(ACCOUNT), how="anti").cache()
    in_tls = tested(hidden, SOURCE, params, context).join(alone, on=list(SOURCE), how="anti").cache()
    shared = _seen(tries, accounts.drop("sources"), ACCOUNT, context)
    # Together only what comes from outside: inside, everyone's first mistake of the day would add up.
    outside = rest.filter(pl.col("bad"), pl.col("direction") == "inbound")
    outside = outside.with_columns(pl.lit("site").alias("site"), network_of(pl.col("client")).alias("network")).cache()
    surge = surges(outside, tries, ("site",), "network", context.alpha).cache()
    during = outside.join(surge.select("since", "till"), how="cross")
    during = during.filter(pl.col("ts").is_between("since", "till", closed="left"))
    site = _seen(during, surge, ("site",), context).filter(pl.col("sources") >= params.min_sources)
    return pl.concat(
        [
            _finding(_seen(tries, sources, SOURCE, context), SOURCE, params, how="source"),
            _finding(shared, ACCOUNT, params, how="account"),
            _finding(site, ("site",), params, how="site"),
            _finding(_seen(hidden, in_tls, SOURCE, context), SOURCE, params, how="tls"),
        ]
    )


def count_trials(tables: Tables, _params: PasswordGuessingParams, _context: Context) -> pl.LazyFrame:
    """Give the number of logins that were judged, and of sessions inside TLS; accounts are judged a second time."""
    seen = pl.concat([logins(tables).select("trials"), _hidden(tables).select("trials")])
    return pl.concat([seen, logins(tables).select("trials")]).select(pl.col("trials").sum())


DETECTOR = Detector(
    id="password-guessing",
    title="Passwords guessed at {servers}",
    summary="{clients} tried {refused:password} on {accounts_tried:account} of {servers} in vain, from "
    "{sources:source}, seen as {seen_as}.",
    actions=(
        Advice("Block {clients}, limit the rate of AUTH on {servers}, and check whether a later login succeeded."),
    ),
    attack=("T1110.001",),
    needs=("login",),
    required_logs=("smtp_auth",),
    params=PasswordGuessingParams,
    plan=plan,
    stage="guessing",
    trials=count_trials,
    daily=Daily(("session",), _submitted),
    technique="Password guessing",
    convicts=True,
)
