"""A verdict over the state for Nagios and its kin, in the form of the Monitoring Plugins guidelines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from zeeksmtp.model import Incident, Severity
from zeeksmtp.state.memory import Memory
from zeeksmtp.state.totals import StateTotals

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
"""Exit codes of a plugin."""
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
MAX_IDS = 3
"""Incidents that the line names, by the beginnings of their ids."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From which severity an open incident warns or is critical, how long it is open, how old the newest row may be."""

    warning: Severity
    critical: Severity
    open_for: timedelta
    max_age: timedelta


@dataclass(frozen=True, slots=True)
class PluginResult:
    """Exit code, and the line for stdout: a verdict, then performance data. Nothing that was logged is in it."""

    code: int
    line: str


def open_incidents(memory: Memory, since: datetime) -> list[Incident]:
    """Return incidents with an event since then that nobody has acknowledged or suppressed, worst first."""
    known = (remembered.incident for remembered in memory.incidents.values())
    return [
        incident
        for incident in known
        if incident.last >= since
        and incident.state != "acknowledged"
        and not set(incident.findings) <= memory.suppressions.keys()
    ]


def judge(memory: Memory, totals: StateTotals, limits: Limits, now: datetime) -> PluginResult:
    """Return the verdict over what passes remember."""
    incidents = open_incidents(memory, now - limits.open_for)
    problems = [*_incidents(incidents, limits), *_passes(totals, limits, now)]
    code = max((code for code, _ in problems), default=OK)
    said = "; ".join(text for own, text in problems if own) or "no open incidents"
    return PluginResult(
        code, f"ZEEKSMTP {WORDS[code]} - {said} | {' '.join(_perfdata(incidents, totals, limits, now))}"
    )


def _incidents(incidents: Iterable[Incident], limits: Limits) -> Iterator[tuple[int, str]]:
    loud = [incident for incident in incidents if incident.severity.rank >= limits.warning.rank]
    if not loud:
        return
    grave = any(incident.severity.rank >= limits.critical.rank for incident in loud)
    counts = Counter(incident.severity for incident in loud)
    numbers = ", ".join(f"{counts[severity]:,} {severity}" for severity in reversed(Severity) if counts[severity])
    ids = ", ".join(incident.id[:8] for incident in loud[:MAX_IDS])
    more = ", …" if len(loud) > MAX_IDS else ""
    noun = "incident" if len(loud) == 1 else "incidents"
    yield (CRITICAL if grave else WARNING), f"{len(loud):,} open {noun} ({numbers}): {ids}{more}"


def _passes(totals: StateTotals, limits: Limits, now: datetime) -> Iterator[tuple[int, str]]:
    if totals.newest_row is None:
        yield WARNING, "no row of mail yet"
    elif now - totals.newest_row > limits.max_age:
        hours = (now - totals.newest_row) / timedelta(hours=1)
        yield WARNING, f"newest row is {hours:,.1f} h old"
    if totals.errors:
        yield WARNING, f"failed files and units in the last pass: {totals.errors:,}"
    if totals.waiting_reports:
        yield WARNING, f"reports that wait for delivery: {totals.waiting_reports:,}"


def _perfdata(incidents: Iterable[Incident], totals: StateTotals, limits: Limits, now: datetime) -> Iterator[str]:
    """Yield `label=value[unit];warn;crit;min`."""
    counts = Counter(incident.severity for incident in incidents)
    for severity in reversed(Severity):
        warn = "0" if severity.rank >= limits.warning.rank else ""
        crit = "0" if severity.rank >= limits.critical.rank else ""
        yield f"incidents_{severity}={counts[severity]};{warn};{crit};0"
    if totals.newest_row is not None:
        age = max((now - totals.newest_row).total_seconds(), 0)
        yield f"newest_row_age={age:.0f}s;{limits.max_age.total_seconds():.0f};;0"
    if totals.sessions is not None:
        yield f"sessions={totals.sessions};;;0"
    if totals.sessions and totals.tls_sessions is not None:
        yield f"tls_share={100 * totals.tls_sessions / totals.sessions:.1f}%;;;0;100"
    yield f"rejected_rows={totals.rejected_rows}c"
    yield f"failed={totals.errors};0;;0"
    yield f"waiting_reports={totals.waiting_reports};0;;0"
