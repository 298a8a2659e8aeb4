"""What a pass found is remembered, and reported if it is news: the report enters the outbox in the same commit."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from zeeksmtp.cron.lifecycle import advance, not_judged
from zeeksmtp.cron.outgoing import transports
from zeeksmtp.cron.reporting import headline, news_of, pass_report, with_states
from zeeksmtp.cron.request import PassContext
from zeeksmtp.model import Report, Severity, identity
from zeeksmtp.state import findings, outbox
from zeeksmtp.state.findings import RememberedFinding
from zeeksmtp.state.incidents import save_incidents
from zeeksmtp.state.store import get_meta, set_meta

MAX_WAITING_REPORTS = 100
"""Undelivered reports in the outbox; beyond it the oldest is dropped, and what was new in it is new again."""
_FIRST_REPORT = "first_report"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The report of a pass, and the id of the envelope that delivers it; null if there is no news in it."""

    report: Report
    envelope: str | None


def record(
    connection: Connection, context: PassContext, number: int, report: Report, *, empty_lake: bool, new_errors: bool
) -> Recorded:
    """Remember what pass `number` found; put its report into the outbox if it has news.

    `empty_lake`: there was nothing in the lake before. `new_errors`: something failed that did not fail before.
    """
    findings.end_suppressions(connection, context.now.date())
    _drop_oldest(connection)
    before = findings.remembered_findings(connection)
    newest = report.window.last if empty_lake and not before and report.window else None
    after = advance(report.findings, before, number, newest)
    report = with_states(report, {remembered.finding.id: remembered.finding for remembered in after})
    first = get_meta(connection, _FIRST_REPORT) is None
    shown = pass_report(report, _notes(report) if newest else [], first=first)
    envelope = None
    if new_errors or _is_news(shown, context.request.settings.report_severity, first=first):
        envelope = identity(get_meta(connection, "salt"), number)
        subject = headline(shown, first=first)
        outbox.put(connection, envelope, subject, _json(shown), transports(context.request.settings))
        set_meta(connection, _FIRST_REPORT, envelope)
        after = _reported(after, shown)
    failed = {detector for detector, ability in report.coverage.detectors.items() if ability == "failed"}
    kept = not_judged(before, failed, number)
    findings.save_findings(connection, [*after, *kept], number)
    save_incidents(connection, report.incidents, number, not_judged={known.finding.id for known in kept})
    return Recorded(shown, envelope)


def _is_news(report: Report, lowest: Severity, *, first: bool) -> bool:
    """A first report is about the state of affairs: what is quiet counts as well."""
    candidates = [f for f in report.findings if f.symptom_of is None] if first else news_of(report)
    return any(finding.severity.rank >= lowest.rank for finding in candidates)


def _reported(after: list[RememberedFinding], report: Report) -> list[RememberedFinding]:
    shown = {finding.id for finding in report.findings}
    return [
        replace(remembered, reported=True) if remembered.finding.id in shown else remembered for remembered in after
    ]


def _json(report: Report) -> str:
    return report.model_dump_json(by_alias=True)


def _notes(report: Report) -> list[str]:
    if report.window is None:
        return []
    since = f"{report.window.first:%Y-%m-%d %H:%M} UTC"
    return [f"First pass, over all logs since {since}: only findings with an event in the last day are called new."]


def _drop_oldest(connection: Connection) -> None:
    """Make room in the outbox; what was new in a dropped report is new again."""
    waiting = outbox.waiting(connection)
    for row in waiting[: max(0, len(waiting) - MAX_WAITING_REPORTS + 1)]:
        # Not as a `Report`: one of another version of the program must not end every pass from now on.
        listed = json.loads(outbox.report(connection, row)).get("findings", ())
        findings.reopen(connection, [finding["id"] for finding in listed if finding["state"] == "new"])
        outbox.set_remaining(connection, row, ())
