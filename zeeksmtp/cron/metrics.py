"""`metrics_file`: what a pass knows in numbers, for the textfile collector of Prometheus' node_exporter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from zeeksmtp import __version__, whole_files
from zeeksmtp.cron.request import PassRequest, PassResult
from zeeksmtp.model import Severity, State
from zeeksmtp.state.store import Store
from zeeksmtp.state.totals import Counts, StateTotals, read_totals

MODE = 0o644
"""node_exporter runs as another user, and there is no name in it."""


def write_metrics(request: PassRequest, store: Store, result: PassResult, seconds: float) -> tuple[str, ...]:
    """Write the file if the settings name one; return what went wrong, in one line.

    `seconds` is how long the pass took.
    """
    target = request.settings.metrics_file
    if target is None:
        return ()
    with store.transaction() as connection:
        totals = read_totals(connection)
    return _written(target, render(totals, datetime.fromtimestamp(request.clock(), UTC), result, seconds))


def _written(target: Path, text: str) -> tuple[str, ...]:
    try:
        whole_files.write(target, [text], MODE)
    except OSError as error:
        return (f"metrics_file {target}: {error.strerror or error}; make room, give access, or change `metrics_file`",)
    return ()


def render(totals: StateTotals, now: datetime, result: PassResult, seconds: float) -> str:
    """Return the metrics in the text format of Prometheus (version 0.0.4)."""
    return "".join(f"{line}\n" for line in _lines(totals, now, result, seconds))


def _lines(totals: StateTotals, now: datetime, result: PassResult, seconds: float) -> Iterator[str]:
    yield from _counts("findings", "Findings by severity and state, symptoms left out.", totals.findings)
    yield from _counts("incidents", "Incidents by severity and state.", totals.incidents)
    yield from _single("sessions", "SMTP sessions in the lake.", totals.sessions)
    yield from _single("tls_sessions", "SMTP sessions in the lake that came to TLS.", totals.tls_sessions)
    if totals.sessions and totals.tls_sessions is not None:
        yield from _single("tls_share_ratio", "Share of the sessions with TLS.", totals.tls_sessions / totals.sessions)
    rejected = "Lines of all passes that could not be read."
    yield from _single("rejected_rows_total", rejected, totals.rejected_rows, "counter")
    if totals.newest_row is not None:
        newest = totals.newest_row
        yield from _single("newest_row_timestamp_seconds", "Time of the newest row in the lake.", newest.timestamp())
        age = max((now - newest).total_seconds(), 0.0)
        yield from _single("newest_row_age_seconds", "Age of that row when the pass ended.", age)
    yield from _single("pass_timestamp_seconds", "When the last pass ended.", now.timestamp())
    yield from _single("pass_duration_seconds", "How long it took, without delivery.", seconds)
    yield from _single("pass_errors", "Files and units that failed in the last pass with new lines.", totals.errors)
    yield from _single("pass_deferred_files", "Files left for a later pass.", result.deferred)
    yield from _single("waiting_reports", "Reports that are not delivered yet.", totals.waiting_reports)
    yield from _head("info", "Version of zeeksmtp.")
    yield f'zeeksmtp_info{{version="{__version__}"}} 1'


def _counts(name: str, help_: str, counts: Counts) -> Iterator[str]:
    """Yield every combination, zeros too: an alert on a series that is not there would stay silent."""
    yield from _head(name, help_)
    for severity in reversed(Severity):
        for state in get_args(State):
            yield f'zeeksmtp_{name}{{severity="{severity}",state="{state}"}} {counts.get((severity, state), 0)}'


def _single(name: str, help_: str, value: float | None, kind: str = "gauge") -> Iterator[str]:
    if value is not None:
        yield from _head(name, help_, kind)
        yield f"zeeksmtp_{name} {value!r}"


def _head(name: str, help_: str, kind: str = "gauge") -> Iterator[str]:
    yield f"# HELP zeeksmtp_{name} {help_}"
    yield f"# TYPE zeeksmtp_{name} {kind}"
