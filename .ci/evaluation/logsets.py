"""The logs that a site is judged with: all, what stock Zeek writes, and the two that every installation has."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from simulation.compile import Frames

PACKAGE = frozenset({"smtp_cmd", "smtp_auth", "smtp_session"})
"""What zeeksmtp's Zeek package writes; all others are stock."""
ALL, STOCK, MINIMAL = "all logs", "stock logs", "conn and smtp"

LOG_SETS: Mapping[str, Callable[[str], bool]] = {
    ALL: lambda log: True,
    STOCK: lambda log: log not in PACKAGE,
    MINIMAL: lambda log: log in {"conn", "smtp"},
}
"""Name of a set -> whether a log is in it."""


def chosen(logs: Mapping[str, pl.DataFrame], name: str) -> Frames:
    """Return the logs of a set."""
    return {log: rows for log, rows in logs.items() if LOG_SETS[name](log)}
