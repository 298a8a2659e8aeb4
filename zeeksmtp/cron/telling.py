"""What a pass found is remembered, and told if it is news: the report goes into the outbox with the same commit."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from zeeksmtp.cron import life
from zeeksmtp.cron._asked import Pass
from zeeksmtp.cron.outgoing import carriers
from zeeksmtp.model import Report, identity
from zeeksmtp.state import findings, outbox
from zeeksmtp.state.store import told

MOST_WAITING = 100
"""Reports in the outbox; beyond it the oldest is let go, and what was new in it is new again in the next report."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The report as it is told, and whether it is worth telling."""

    report: Report
    news: bool


def remember(
    connection: Connection, work: Pass, number: int, report: Report, *, first: bool, new_errors: bool
) -> Shown:
    """Give every finding its state; put the report into the outbox if there is anything new in it.

    `first`: the lake was empty before.
    """
    known = findings.known(connection)
    first = first and not known
    back = findings.expired(connection, work.now.date()) | _let_go(connection)
    newest = report.window.last if first and report.window else None
    lives = life.lived(report.findings, known, number, newest, back)
    findings.keep(connection, [k for k in lives if k != known.get(k.finding.id)])
    shown = life.told(report, lives, _notes(report, first=first))
    news = bool(life.news(shown)) or new_errors or (first and bool(shown.findings))
    if news:
        parcel = identity(told(connection, "salt"), number)
        text = shown.model_dump_json(by_alias=True)
        outbox.put(connection, parcel, life.headline(shown), text, carriers(work.asked.settings))
    return Shown(shown, news)


def _notes(report: Report, *, first: bool) -> list[str]:
    if not first or report.window is None:
        return []
    since = f"{report.window.first:%Y-%m-%d %H:%M} UTC"
    return [
        f"first pass: all logs since {since} in one; a finding is called new only if it has an event of the last day"
    ]


def _let_go(connection: Connection) -> set[str]:
    """Make room in the outbox; give the findings whose news goes with it."""
    waiting = outbox.waiting(connection)
    back: set[str] = set()
    for row in waiting[: max(0, len(waiting) - MOST_WAITING + 1)]:
        back |= {finding.id for finding in life.news(Report.model_validate_json(row.report))}
        outbox.took(connection, row, ())
    return back
