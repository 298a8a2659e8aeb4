"""Someone guesses passwords.

What it sees: logins in clear with a verdict (table `login`): bad if the credentials were rejected (535 and its kin, not
454, 530 or 538), good if accepted; the same secret of an account counts once. The sequential test (S = max(0, S + ln of
the likelihood ratio), alarm at S >= ln(1/alpha)) runs per client and server; per account and server over at least
`min_sources` sources, the first two failed logins of each, without the account's users (clients whose first login was
accepted); and per site: networks outside (/24, IPv6 /64) with failed logins in an hour, against the site's own rate
(Page's test, alarm at the same h; it needs a day of logs and at least `min_sources` clients). Where commands are hidden
in TLS, sessions of outside clients with fewer than `tls_failed_bytes` from the client (no mail fits into that) are the
bad trials; such a finding is inferred and has low confidence, and is `stale-password` if the sessions come by the clock
and nine in ten are of one size. Logins of an outside source answered 454 that never succeed, with three secrets or
more, are tries that the server did not judge: low. Where logins are not logged, sessions in clear without
mail on ports that demand a login are bad trials (table `attempt`), per client and server, and per server over at
least `min_sources` outside sources that never sent mail before: their networks in an hour against the server's own rate
(Page's test), else their first tries; clients that come by the clock are left out. Such a finding is inferred and low,
one step more each for twice the score that alarms (not of a client of the site that takes its time), and for mail that
the same source sends after the alarm. Many accounts with few tries each are
`password-spray`. `count` is the number of failed logins. Severity of what is observed: medium; high when slow (median
gap of `slow_gap_minutes` or more), distributed, or massive (`massive_tries` failed logins within `massive_minutes`: no
person and no device has as many passwords).

Why it matters: one weak password among the accounts is enough, and the next thing sent is spam from your server.

Benign causes: a device with an outdated password (`stale-password`, counted once here); a person who mistypes; a
password changed on the server and not on the phone; a monitoring probe that only completes TLS.

What to do: block the source, limit failed logins (fail2ban, Postfix anvil), require second factors, and see whether
`guess-then-success` names an account.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._attempts import guessing_suspects, inferred_confidence, inferred_severity, trials_of
from zeeksmtp.detectors._finding import details, entity, severity, terms, test_column, text_if, to_findings, who
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._guessing import (
    ACCOUNT,
    MAX_TRIES_OF_SOURCE,
    SOURCE,
    DistributedGuessing,
    SprayShape,
    before_alarms,
    by_account,
    by_source,
    login_alarms,
    logins,
    network_of,
    of_strangers,
)
from zeeksmtp.detectors._hidden_logins import TLS_FAILED_BYTES, hidden_alarms, hidden_trials
from zeeksmtp.detectors._remedy import BLOCK, LIMIT_QUERIES
from zeeksmtp.detectors._unjudged_logins import unjudged_tries
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Advice, Context, Detector, Tables
from zeeksmtp.statistics.rate import surges

_SITE = ("site",)
_SERVER = ("server",)
_IN_TLS = "Inferred from short sessions inside TLS."
_UNJUDGED = "The server answered 454 and judged no password."
_BY_SHAPE = "Inferred from sessions without mail; the number is an estimate."


class PasswordGuessingParams(SprayShape, DistributedGuessing):
    """When failed logins are guessing."""

    slow_gap_minutes: float = Field(
        20, gt=0, description="median minutes between tries of slow guessing; Source: CrowdSec's conditional slow tier"
    )
    massive_tries: int = Field(
        50,
        ge=2,
        description="failed logins with different passwords within `massive_minutes` that are a tool's work; Source: "
        "hydra at its default speed makes as many in one to two minutes",
    )
    massive_minutes: float = Field(10, gt=0, description="minutes in which these fall; Source: as `massive_tries`")
    tls_failed_bytes: int = Field(
        TLS_FAILED_BYTES,
        ge=100,
        description="bytes of the client in a TLS session that carried no mail; Source: 899 recorded sessions, failed "
        "logins sent at most 803, mails of 200 bytes at least 838, of 250 bytes 1012 (docs/tls-logins.md)",
    )


def _failures(
    tries: pl.LazyFrame,
    alarms: pl.LazyFrame,
    keys: tuple[str, ...],
    params: PasswordGuessingParams,
    context: Context,
) -> pl.LazyFrame:
    """Sum up the failed logins in the window per key that alarms; most keys do not, and cost nothing here."""
    within = pl.col("ts") - pl.col("ts").shift(params.massive_tries - 1)
    failed = (
        tries.filter(pl.col("bad"), context.window.covers())
        .join(alarms.select(keys), on=list(keys), how="semi")
        .sort("ts", "uid")
        .group_by(keys)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.col("trials").sum().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().sort().head(100).alias("clients"),
            pl.col("server").unique().sort().alias("servers"),
            pl.col("user").drop_nulls().unique().sort().head(100).alias("accounts"),
            pl.col("client").n_unique().alias("sources"),
            pl.col("account").drop_nulls().n_unique().alias("accounts_tried"),
            pl.col("ts").diff().median().alias("gap"),
            (within <= timedelta(minutes=params.massive_minutes)).any().alias("massive"),
            first_uids().alias("uids"),
        )
    )
    return failed.join(alarms, on=list(keys))


def _findings(
    rows: pl.LazyFrame,
    keys: tuple[str, ...],
    params: PasswordGuessingParams,
    *,
    in_tls: bool = False,
    judged: bool = True,
) -> pl.LazyFrame:
    slow = (pl.col("gap") >= timedelta(minutes=params.slow_gap_minutes)).fill_null(value=False)
    distributed = pl.col("sources") >= params.min_sources
    accounts, plural = (
        pl.col("accounts_tried"),
        pl.when(pl.col("accounts_tried") == 1).then(pl.lit("")).otherwise(pl.lit("s")),
    )
    return to_findings(
        rows.with_columns(
            entity(*keys),
            severity(
                {"low": pl.lit(not judged), "high": (slow | distributed | pl.col("massive")) & pl.lit(not in_tls)},
                otherwise="medium",
            ),
            pl.lit("high" if judged and not in_tls else "low").alias("confidence"),
            pl.lit("inferred" if in_tls else "observed").alias("visibility"),
            terms(
                evidence("refused", pl.col("count")),
                evidence("sources", pl.col("sources"), distributed.cast(pl.Float64)),
                evidence("accounts_tried", accounts, 0.0),
                evidence("slow", slow, slow.cast(pl.Float64)),
                evidence("massive", pl.col("massive"), pl.col("massive").cast(pl.Float64)),
                evidence("inside_tls", pl.lit(in_tls), 0.0),
            ),
            details(
                who=who(pl.col("sources")),
                scope=text_if(accounts > 0, pl.format("{} account{}", accounts, plural)),
                note=text_if(pl.lit(in_tls or not judged), _IN_TLS if in_tls else _UNJUDGED),
            ),
            test_column(),
        )
    )


def _inferred(rows: pl.LazyFrame, keys: tuple[str, ...], sources: pl.Expr, note: str) -> pl.LazyFrame:
    """Return findings of sessions without mail on ports that demand a login; `sources` is the number of clients."""
    return to_findings(
        rows.with_columns(
            entity(*keys),
            inferred_confidence(),
            pl.lit("inferred").alias("visibility"),
            terms(
                evidence("refused", pl.col("count")),
                evidence("sources", sources),
                evidence("accounts_tried", pl.lit(0), 0.0),
                evidence("mails_after", pl.col("mails_after")),
            ),
            details(who=who(sources), scope=text_if(pl.lit(value=False), ""), note=text_if(pl.lit(value=True), note)),
            test_column(),
        )
    )


def _distributed(tables: Tables, params: PasswordGuessingParams, context: Context) -> pl.LazyFrame:
    """Return servers at which many outside sources that never sent mail failed to log in, few times each."""
    attempts = trials_of(tables, "login").filter(pl.col("direction") == "inbound")
    # Most servers have no such sources, and cost nothing from here on.
    sources = attempts.filter("bad").group_by(_SERVER).agg(pl.col("client").n_unique().alias("sources"))
    several = sources.filter(pl.col("sources") >= params.min_sources)
    attempts = attempts.join(several, on=list(_SERVER), how="semi").sort("ts", "uid")
    strangers = attempts.filter(~pl.col("bad") | pl.col("bad").first().over(SOURCE))
    place = pl.int_range(pl.len()).over(*SOURCE, "bad")
    first = strangers.filter(~pl.col("bad") | (place == 0))
    counted = first.with_columns(pl.col("trials").clip(upper_bound=MAX_TRIES_OF_SOURCE)).cache()
    alarms = login_alarms(counted.select(*_SERVER, "ts", "bad", "trials"), _SERVER, params, context)
    networks = strangers.filter("bad").with_columns(network_of(pl.col("client")).alias("network"))
    logged = pl.concat([tables["attempt"].select("ts"), tables["attempt"].select(ts="last")])
    by_rate = surges(networks, logged, _SERVER, "network", context.alpha).cache()
    # A surge is that of an attack, where the sum over all days is that of everyone's mistakes, too.
    either = pl.concat([by_rate, alarms.join(by_rate, on="server", how="anti")], how="diagonal_relaxed").cache()
    is_during = pl.col("ts").is_between("since", "till", closed="left").fill_null(value=True)
    found = (
        strangers.filter("bad", context.window.covers())
        .join(either.select("server", "since", "till"), on="server")
        .filter(is_during)
        .group_by(_SERVER)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.col("tries").sum().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().sort().head(100).alias("clients"),
            pl.col("client").n_unique().alias("sources"),
            first_uids().alias("uids"),
        )
    )
    return (
        found.filter(pl.col("sources") >= params.min_sources)
        .join(either, on="server")
        .with_columns(pl.concat_list("server").alias("servers"), pl.lit(0).alias("mails_after"))
        .with_columns((pl.col("score") >= 2 * pl.col("threshold")).alias("strong"))
        .with_columns(severity({"medium": pl.col("strong")}, otherwise="low"))
    )


def _site_wide(
    tries: pl.LazyFrame, rest: pl.LazyFrame, params: PasswordGuessingParams, context: Context
) -> pl.LazyFrame:
    """Return the worst time at which more networks failed to log in than is usual.

    Only what comes from outside counts: inside, everyone's first mistake of the day would add up.
    """
    outside = rest.filter(pl.col("bad"), pl.col("direction") == "inbound")
    outside = outside.with_columns(pl.lit("site").alias("site"), network_of(pl.col("client")).alias("network")).cache()
    surge = surges(outside, tries, _SITE, "network", context.alpha).cache()
    during = outside.join(surge.select("since", "till"), how="cross")
    during = during.filter(pl.col("ts").is_between("since", "till", closed="left"))
    return _failures(during, surge, _SITE, params, context).filter(pl.col("sources") >= params.min_sources)


def plan(tables: Tables, params: PasswordGuessingParams, context: Context) -> pl.LazyFrame:
    """Return the findings per source, per account, per site, and per source inside TLS."""
    # What is used twice is planned once: without `cache` the plan grows like a tree, and planning takes seconds.
    tries, hidden = logins(tables).cache(), hidden_trials(tables, params.tls_failed_bytes).cache()
    alone = by_source(tries, params, context).cache()
    sources = alone.filter(~pl.col("is_spray"))
    strangers = of_strangers(tries).cache()
    accounts = by_account(strangers, params, context).drop("sources").cache()
    put_off = unjudged_tries(tables).cache()
    unjudged = login_alarms(put_off, SOURCE, params, context).join(alone, on=list(SOURCE), how="anti").cache()
    logged = pl.concat([alone.select(SOURCE), unjudged.select(SOURCE)])
    in_clear = (
        guessing_suspects(tables, params.test(context), context).join(logged, on=list(SOURCE), how="anti").cache()
    )
    shown = pl.concat([logged, in_clear.select(SOURCE)])
    guessers = hidden_alarms(hidden, params, context).filter(~pl.col("device")).drop("device", "gap")
    in_tls = guessers.join(shown, on=list(SOURCE), how="anti").cache()
    together = before_alarms(tries, alone, accounts)
    return pl.concat(
        [
            _findings(_failures(tries, sources, SOURCE, params, context), SOURCE, params),
            _findings(_failures(strangers, accounts, ACCOUNT, params, context), ACCOUNT, params),
            _findings(_site_wide(tries, together, params, context), _SITE, params),
            _findings(_failures(hidden, in_tls, SOURCE, params, context), SOURCE, params, in_tls=True),
            _findings(_failures(put_off, unjudged, SOURCE, params, context), SOURCE, params, judged=False),
            _inferred(in_clear.with_columns(inferred_severity()), SOURCE, pl.lit(1), _BY_SHAPE),
            _inferred(_distributed(tables, params, context), _SERVER, pl.col("sources"), _BY_SHAPE),
        ]
    )


def count_trials(tables: Tables, params: PasswordGuessingParams, _context: Context) -> pl.LazyFrame:
    """Return the number of logins with a verdict, twice as accounts are tested too, and of sessions inside TLS."""
    every = [logins(tables), hidden_trials(tables, params.tls_failed_bytes), logins(tables)]
    return pl.concat([trials.select("trials") for trials in every]).select(pl.col("trials").sum())


DETECTOR = Detector(
    id="password-guessing",
    title="Password guessing against {servers}",
    summary="{refused:failed login}{scope: for %} from {sources:source}.{note: %}",
    actions=(
        Advice(BLOCK, when=("client-outside",)),
        Advice("Isolate {clients} and investigate it.", when=("client-local",)),
        Advice(
            "Limit failed logins on {servers} (fail2ban, or the server's own limits).",
            when=("server-local",),
            wider=LIMIT_QUERIES,
        ),
        Advice("Watch {accounts} for later successful logins.", when=("accounts",)),
    ),
    attack=("T1110.001",),
    needs=("login", "auth", "tls_submission", "attempt"),
    required_logs=("smtp_auth",),
    inferred_from=("conn|smtp_session|smtp_cmd",),
    replaces=("smtp-probing",),
    params=PasswordGuessingParams,
    plan=plan,
    stage="guessing",
    trials=count_trials,
    technique="Password guessing",
    convicts=True,
    weaknesses=("password-guessing", "attacker"),
)
