"""How the sources of findings speak SMTP: what a campaign is recognised by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from zeeksmtp.correlate.campaigns import Behaviour
from zeeksmtp.model import Collect, Finding, Severity, Tables

_MAX_HELO_NAMES = 5
"""HELO names of one client at one server that are compared; who uses more has no name of its own."""
_VERBS = {"vrfy": "VRFY", "expn": "EXPN", "auth_attempts": "AUTH", "rcpt": "RCPT", "messages_accepted": "DATA"}
_PAIR = ("client", "server")


def behaviours_of(findings: Sequence[Finding], tables: Tables, collect: Collect) -> dict[str, Behaviour]:
    """Return the behaviour of the sources of each finding of medium or above, by its id."""
    grave = [f for f in findings if f.severity.rank >= Severity.MEDIUM.rank and f.clients]
    clients = pl.Series([client for f in grave for client in f.clients], dtype=pl.String).unique()
    if clients.is_empty():
        return {}
    spoken = [pl.when(pl.col(name).fill_null(0) > 0).then(pl.lit(verb)) for name, verb in _VERBS.items()]
    rows = (
        tables["session"]
        .filter(pl.col("client").is_in(clients.implode()))
        .with_columns(pl.concat_str(spoken, separator=" ", ignore_nulls=True).alias("verbs"))
        .group_by(_PAIR)
        .agg(pl.col("helo").drop_nulls().unique().sort().head(_MAX_HELO_NAMES + 1), pl.col("verbs").mode().min())
    )
    known = {(client, server): (helo, verbs) for client, server, helo, verbs in collect(rows).iter_rows()}
    return {f.id: _behaviour(known[pair] for pair in _pairs(f) if pair in known) for f in grave}


def _pairs(finding: Finding) -> Iterable[tuple[str, str]]:
    return ((client, server) for client in finding.clients for server in finding.servers)


def _behaviour(spoken: Iterable[tuple[list[str], str]]) -> Behaviour:
    each = list(spoken)
    names = frozenset(name for helo, _ in each if len(helo) <= _MAX_HELO_NAMES for name in helo if name)
    verbs = sorted(verbs for _, verbs in each)
    return Behaviour(names, max(verbs, key=verbs.count, default=""))
