"""The life cycle of a finding, state by state: what makes it news, and what never does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.findings import plain
from zeeksmtp.cron.lifecycle import RECURRENCE, advance
from zeeksmtp.model import Finding, Severity
from zeeksmtp.state.findings import RememberedFinding

DAY = timedelta(days=1)
THEN = datetime(2026, 11, 1, tzinfo=UTC)
INCIDENT = "f" * 16


def finding(**given: Any) -> Finding:
    """Return a finding of THEN."""
    return plain(**({"first": THEN, "last": THEN + DAY, "count": 10} | given))


def next_of(known: RememberedFinding | None, now: Finding, **more: Any) -> RememberedFinding:
    """Return what becomes of one finding in the next pass."""
    (after,) = advance([now], {known.finding.id: known} if known else {}, 2, **more)
    return after


NEW = next_of(None, finding())
REPORTED = replace(NEW, reported=True)
ACKNOWLEDGED = RememberedFinding(
    finding(state="acknowledged"), 1, 1, 10, Severity.MEDIUM, True, "password changed", THEN + DAY
)
SYMPTOM = next_of(None, finding(symptom_of=INCIDENT))


@pytest.mark.parametrize(
    ("before", "now", "state"),
    [
        (None, {}, "new"),
        (NEW, {}, "new"),
        (NEW, {"count": 11}, "new"),
        (REPORTED, {}, "quiet"),
        (REPORTED, {"count": 11}, "ongoing"),
        (REPORTED, {"last": THEN + 2 * DAY}, "ongoing"),
        (REPORTED, {"count": 8, "first": THEN + DAY}, "quiet"),
        (REPORTED, {"severity": "high"}, "new"),
        (REPORTED, {"severity": "low"}, "quiet"),
        (REPORTED, {"last": THEN + 9 * DAY}, "new"),
        (ACKNOWLEDGED, {}, "acknowledged"),
        (ACKNOWLEDGED, {"count": 500, "last": THEN + 20 * DAY}, "acknowledged"),
        (ACKNOWLEDGED, {"clients": ("10.0.0.1", "10.0.0.2")}, "acknowledged"),
        (ACKNOWLEDGED, {"severity": "critical"}, "new"),
        (SYMPTOM, {"symptom_of": INCIDENT}, "quiet"),
        (SYMPTOM, {}, "new"),
    ],
)
def test_states(before: RememberedFinding | None, now: dict[str, Any], state: str) -> None:
    assert next_of(before, finding(**now)).finding.state == state


def test_what_expires_takes_nothing_from_a_finding() -> None:
    after = next_of(REPORTED, finding(first=THEN + DAY, count=4))
    assert (after.finding.first, after.finding.count, after.seen_count) == (THEN, 10, 4)
    grown = next_of(after, finding(first=THEN + DAY, count=5))
    assert (grown.finding.state, grown.finding.count) == ("ongoing", 10)


def test_more_severe_after_an_acknowledgement_ends_it() -> None:
    after = next_of(ACKNOWLEDGED, finding(severity="high"))
    assert (after.acknowledged, after.reason, after.severity, after.reported) == (None, None, "high", False)


def test_a_first_pass_calls_new_what_is_recent() -> None:
    history, recent = (next_of(None, finding(), newest=THEN + days * DAY) for days in (3, 1.5))
    assert (history.finding.state, history.reported) == ("quiet", True)
    assert (recent.finding.state, recent.reported) == ("new", False)


def test_a_symptom_is_no_news_by_itself() -> None:
    assert (SYMPTOM.finding.state, SYMPTOM.reported) == ("new", True)


@dataclass
class Model:
    """One finding as an operator would keep book of it: what is known, what was reported, what was acknowledged."""

    last: datetime | None = None
    count: int = 0
    seen: int = 0
    worst: Severity = Severity.INFO
    news: bool = False
    acknowledged: bool = False

    def found(self, severity: Severity, last: datetime, count: int) -> str:
        """Return the state after a pass that found it so."""
        before, seen = self.last, self.seen
        graver = before is not None and severity.rank > self.worst.rank
        again = before is not None and last > before + RECURRENCE and not self.acknowledged
        self.news = self.news or before is None or graver or again
        self.acknowledged = self.acknowledged and not graver
        self.last = max(last, before or last)
        self.worst = max(severity, self.worst, key=lambda one: one.rank)
        self.count, self.seen = max(count, self.count), count
        if self.acknowledged:
            return "acknowledged"
        if self.news:
            return "new"
        return "ongoing" if before is None or last > before or count > seen else "quiet"


STEP = st.tuples(
    st.sampled_from(["found", "found", "found", "absent", "reported", "acknowledged"]),
    st.sampled_from([Severity.LOW, Severity.MEDIUM, Severity.HIGH]),
    st.sampled_from([0, 0, 1, 9]),
    st.integers(1, 3),
)


@given(st.lists(STEP, min_size=2, max_size=20))
def test_any_history_ends_as_an_operator_would_expect(steps: list[tuple[str, Severity, int, int]]) -> None:
    model, known, last = Model(), None, THEN
    for what, severity, days, count in steps:
        last += days * DAY
        if what == "found":
            state = model.found(severity, last, count)
            known = next_of(known, finding(severity=severity, last=last, count=count))
            assert known.finding.state == state
            assert (known.finding.last, known.finding.count) == (model.last, model.count)
        elif known is not None and what == "reported" and not model.acknowledged:
            model.news, known = False, replace(known, reported=True)
        elif known is not None and what == "acknowledged":
            model.acknowledged, model.news, model.worst = True, False, known.finding.severity
            shown = known.finding.model_copy(update={"state": "acknowledged"})
            known = replace(known, finding=shown, severity=shown.severity, acknowledged=last, reported=True)
