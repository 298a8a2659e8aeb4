"""The rules that people use today, written from their published thresholds, over the same facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from simulation.benign.relays import LIST, NEWSLETTER

SENDING = frozenset({"new-direct-sender", "mass-mailing", "blocklisted-sender", "account-abuse"})
GUESSING = frozenset({"password-guessing", "password-spray", "guess-then-success"})
PROBLEMS: Mapping[str, frozenset[str]] = {"sending": SENDING, "guessing": GUESSING}
"""What a rule is about, and the detectors of ours that are about the same."""

_SERVERS = ("10.20.0.24", "10.20.0.25", NEWSLETTER, LIST)
_SIGMAS = 3
_SAMPLES = 4


@dataclass(frozen=True)
class Rule:
    """A rule: what it is about, where its numbers are published, and the clients that it flags (`client`, `ts`)."""

    name: str
    problem: str
    source: str
    flags: Callable[[Mapping[str, pl.LazyFrame]], pl.LazyFrame]


def _burst(rows: pl.LazyFrame, count: int, window: timedelta) -> pl.LazyFrame:
    """Flag clients with at least `count` rows within `window`."""
    before = pl.col("ts").shift(count - 1).over("client")
    return rows.sort("client", "ts").filter(pl.col("ts") - before <= window).select("client", "ts")


def _mails(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Mails of all but the site's servers: an operator of such a rule lists these."""
    return tables["message"].filter(~pl.col("client").is_in(_SERVERS)).select("client", "ts")


def _sessions(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Connections from inside to SMTP ports, of all but the site's servers."""
    inside = pl.col("direction").is_in(["outbound", "internal"])
    return tables["connection"].filter(inside, ~pl.col("client").is_in(_SERVERS)).select("client", "ts")


def _failures(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    return tables["auth"].filter(pl.col("outcome") == "failure").select("client", "ts")


def _daily(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Flag a client on a day with more mails than mean + 3 standard deviations of its earlier days, at least 4."""
    days = _mails(tables).group_by("client", pl.col("ts").dt.truncate("1d")).agg(pl.len().alias("mails"))
    own = pl.col("mails").cast(pl.Float64).shift(1).over("client").fill_null(0)
    ordered = days.sort("client", "ts").with_columns(
        pl.int_range(pl.len()).over("client").alias("samples"), own.alias("own")
    )
    ordered = ordered.with_columns(
        pl.col("own").cum_sum().over("client").alias("sum"),
        pl.col("own").pow(2).cum_sum().over("client").alias("squares"),
    )
    mean = pl.col("sum") / pl.col("samples")
    spread = (pl.col("squares") / pl.col("samples") - mean.pow(2)).clip(lower_bound=0).sqrt()
    unusual = (pl.col("samples") >= _SAMPLES) & (pl.col("mails") > mean + _SIGMAS * spread)
    return ordered.filter(unusual).select("client", "ts")


RULES = (
    Rule(
        "10 messages in 60 s of one source",
        "sending",
        "Emerging Threats 2002087",
        lambda tables: _burst(_mails(tables), 10, timedelta(seconds=60)),
    ),
    Rule(
        "20 connections in 5 min of one host",
        "sending",
        "BotFlex",
        lambda tables: _burst(_sessions(tables), 20, timedelta(minutes=5)),
    ),
    Rule("more than mean + 3 sigma mails a day", "sending", "Splunk, mail servers sending high volume", _daily),
    Rule(
        "20 failed logins in 15 min of one source",
        "guessing",
        "Zeek, FTP brute-forcing",
        lambda tables: _burst(_failures(tables), 20, timedelta(minutes=15)),
    ),
    Rule(
        "3 failed logins in 10 s of one source",
        "guessing",
        "Slips",
        lambda tables: _burst(_failures(tables), 3, timedelta(seconds=10)),
    ),
)
