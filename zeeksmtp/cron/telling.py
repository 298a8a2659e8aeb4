"""What a pass found is remembered, and told if it is news: the report goes into the outbox with the same commit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from zeeksmtp.cron import life
from zeeksmtp.cron._asked import Pass
from zeeksmtp.cron.outgoing import carriers
from zeeksmtp.cron.recall import Recall
from zeeksmtp.model import FINDING_JSON, Report, identity
from zeeksmtp.state import findings, outbox
from zeeksmtp.state.store import told

MOST_WAITING = 100
"""Reports in the outbox; beyond it the oldest is let go, and what was new in it is new again in the next report."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The report as it is told, and the id of the parcel that it goes in; null if it is not worth telling."""

    report: Report
    parcel: str | None


def back(connection: Connection, today: date) -> set[str]:
    """Give the findings that are news again: their suppression has ended, or the report that told them is let go."""
    ids = findings.expired(connection, today)
    for row in _let_go(connection):
        # Not as a `Report`: one that a program of another version left must not end every pass from now on.
        listed = json.loads(outbox.report(connection, row)).get("findings", ())
        ids |= {finding["id"] for finding in listed if finding["state"] == "new"}
    return ids


def remember(
    connection: Connection, work: Pass, number: int, report: Report, recall: Recall, *, first: bool, new_errors: bool
) -> Shown:
    """Give every finding its state; put the report into the outbox if there is anything new in it.

    `recall` says what the report leaves out because it is as it was. `first`: the lake was empty before.
    """
    first = first and findings.is_empty(connection)
    newest = report.window.last if first and report.window else None
    seen = recall.seen(report)
    past = findings.past(connection, (finding.id for finding in report.findings))
    lives = life.lived(report.findings, past, number, newest, recall.back)
    bodies = {known.finding.id: FINDING_JSON.dump_json(known.finding).decode() for known in lives}
    as_they_were = {id_ for id_, old in past.items() if old.made_of == seen.made[id_] and id_ not in recall.back}
    findings.keep(connection, (known for known in lives if known.finding.id not in as_they_were), seen.made, bodies)
    findings.miss(connection, recall.known.keys() - past.keys() - seen.unchanged)
    findings.hide(connection, seen.hidden)
    findings.judged(connection, number)
    findings.forget_expired(connection, work.now.date())
    for row in _let_go(connection):
        outbox.took(connection, row, ())
    report = _counting(report, seen.left)
    shown = life.told(report, lives, _notes(report, first=first), len(seen.unchanged), all_quiet=first)
    news = bool(life.news(shown)) or new_errors or (first and bool(shown.findings))
    if not news:
        return Shown(shown, None)
    parcel = identity(told(connection, "salt"), number)
    outbox.put(connection, parcel, life.headline(shown), _json(shown, bodies), carriers(work.asked.settings))
    return Shown(shown, parcel)


def _json(report: Report, bodies: Mapping[str, str]) -> str:
    """Give a report as JSON, the findings as they were written already: that is most of it."""
    rest = report.model_dump_json(by_alias=True, exclude={"findings"})
    return f'{rest[:-1]},"findings":[{",".join(bodies[finding.id] for finding in report.findings)}]}}'


def _counting(report: Report, hidden: int) -> Report:
    """Count suppressed findings that the report does not have to begin with, too."""
    settings = report.settings.model_copy(update={"suppressed": report.settings.suppressed + hidden})
    return report.model_copy(update={"settings": settings})


def _notes(report: Report, *, first: bool) -> list[str]:
    if not first or report.window is None:
        return []
    since = f"{report.window.first:%Y-%m-%d %H:%M} UTC"
    return [
        f"first pass: all logs since {since} in one; a finding is called new only if it has an event of the last day"
    ]


def _let_go(connection: Connection) -> list[outbox.Waiting]:
    """Give the reports that have to make room in the outbox."""
    waiting = outbox.waiting(connection)
    return waiting[: max(0, len(waiting) - MOST_WAITING + 1)]
