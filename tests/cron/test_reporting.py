"""What a pass reports, and its subject: by urgency, without what is known, without a word that was logged."""

from __future__ import annotations

from typing import Any

import pytest

from tests.findings import plain
from tests.outputs import _reports
from zeeksmtp.cron.reporting import headline, news_of, pass_report
from zeeksmtp.model import Finding, Incident, Problem, Report, Severity

(PATTERN,) = _reports.full().incidents[:1]


def incident(letter: str, severity: str, state: str, *findings: str) -> Incident:
    """Return an incident, whose id is a letter sixteen times, as are those of its findings."""
    ids = tuple(f * 16 for f in findings)
    entry = PATTERN.timeline[0]
    changes: dict[str, Any] = {
        "id": letter * 16,
        "severity": Severity(severity),
        "state": state,
        "findings": ids,
        "timeline": tuple(entry.model_copy(update={"finding": id_}) for id_ in ids),
    }
    return PATTERN.model_copy(update=changes)


def finding(letter: str, severity: str, state: str, symptom_of: str | None = None) -> Finding:
    """Return a finding, whose id is a letter sixteen times."""
    owner = None if symptom_of is None else symptom_of * 16
    return plain(id=letter * 16, severity=severity, state=state, symptom_of=owner, title="\x1b[31mlogged")


def report(findings: list[Finding], incidents: list[Incident], problems: int = 0) -> Report:
    """Return a report of these."""
    errors = tuple(Problem(where="conn.log", what="damaged") for _ in range(problems))
    return _reports.empty().model_copy(
        update={"findings": tuple(findings), "incidents": tuple(incidents), "errors": errors}
    )


def several(**counts: int) -> list[Incident]:
    """Return so many incidents by `state_severity`."""
    keys = [key.split("_") for key, count in counts.items() for _ in range(count)]
    return [incident("0", severity, state) for state, severity in keys]


LOW = finding("1", "low", "new")


@pytest.mark.parametrize(
    ("content", "first", "line"),
    [
        (
            report([LOW], several(new_critical=2, quiet_high=3, new_medium=2)),
            True,
            "first report: 7 incidents (2 critical, 3 high, 2 medium)",
        ),
        (report([LOW], several(new_high=1)), True, "first report: 1 incident (1 high)"),
        (report([LOW, LOW], []), True, "first report: no incidents, 2 findings (2 low)"),
        (report([], []), True, "first report: no incidents"),
        (
            report([LOW], several(new_high=1, new_medium=1, ongoing_low=3, quiet_high=4)),
            False,
            "2 new incidents (1 high, 1 medium), 3 ongoing",
        ),
        (report([LOW, finding("2", "info", "new", "9")], several(quiet_high=1)), False, "1 new finding (1 low)"),
        (report([], several(ongoing_high=1), problems=2), False, "nothing new, 1 ongoing, 2 problems"),
    ],
)
def test_subjects(content: Report, first: bool, line: str) -> None:
    assert headline(content, first=first) == f"zeeksmtp: {line}"


def shown(content: Report, *, first: bool = False) -> tuple[str, str]:
    """Return the letters of the findings and incidents that are reported."""
    reported = pass_report(content, [], first=first)
    return "".join(f.id[0] for f in reported.findings), "".join(i.id[0] for i in reported.incidents)


def test_what_is_known_and_dealt_with_is_left_out() -> None:
    content = report(
        [
            finding("1", "high", "acknowledged"),
            finding("2", "high", "quiet"),
            finding("3", "medium", "acknowledged"),
            finding("4", "low", "ongoing"),
            finding("5", "low", "quiet"),
            finding("6", "info", "quiet", "a"),
            finding("7", "low", "new", "b"),
            finding("8", "low", "acknowledged"),
        ],
        [incident("a", "high", "acknowledged", "1"), incident("b", "high", "quiet", "2", "3")],
    )
    assert shown(content) == ("247", "b")
    assert shown(content, first=True) == ("2457", "b")
    reported = pass_report(content, ["note"], first=False)
    assert reported.incidents[0].findings == ("2" * 16,)
    assert [entry.finding for entry in reported.incidents[0].timeline] == ["2" * 16]
    assert reported.coverage.notes[:2] == (
        "note",
        "Not repeated: 1 quiet finding below medium (`zeeksmtp findings list`).",
    )


def test_symptoms_are_no_news() -> None:
    content = report([LOW, finding("2", "high", "new", "a"), finding("3", "high", "ongoing")], [])
    assert news_of(content) == [LOW]
