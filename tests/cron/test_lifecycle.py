"""The life of a finding, state by state: what makes it news, and what never does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from zeeksmtp.cron.life import lived

from tests.findings import plain
from zeeksmtp.model import Finding, Severity
from zeeksmtp.state.findings import Known, Past

DAY = timedelta(days=1)
THEN = datetime(2026, 11, 1, tzinfo=UTC)


def finding(**given: Any) -> Finding:
    """Give a finding of THEN."""
    return plain(**({"first": THEN, "last": THEN + DAY, "count": 10} | given))


def once(known: Known | None, now: Finding, **more: Any) -> Known:
    """Give what becomes of one finding in the next pass."""
    (lives,) = lived([now], {known.finding.id: past(known)} if known else {}, 2, **more)
    return lives


def past(known: Known) -> Past:
    """Give what the state says of a finding."""
    f = known.finding
    about = (known.first_pass, known.seen_count, known.severity, known.reason, known.acknowledged)
    return Past(f.first, f.last, f.count, *about)


NEW = lived([finding()], {}, 1)[0]
ACKNOWLEDGED = Known(finding(state="acknowledged"), 1, 1, 10, Severity.MEDIUM, "password changed", THEN + DAY)


@pytest.mark.parametrize(
    ("before", "now", "state"),
    [
        (None, {}, "new"),
        (NEW, {}, "quiet"),
        (NEW, {"count": 11}, "ongoing"),
        (NEW, {"last": THEN + 2 * DAY}, "ongoing"),
        (NEW, {"count": 8, "first": THEN + DAY}, "quiet"),
        (NEW, {"severity": "high"}, "new"),
        (NEW, {"severity": "low"}, "quiet"),
        (NEW, {"last": THEN + 9 * DAY}, "new"),
        (ACKNOWLEDGED, {}, "acknowledged"),
        (ACKNOWLEDGED, {"count": 500, "last": THEN + 20 * DAY}, "acknowledged"),
        (ACKNOWLEDGED, {"severity": "critical"}, "new"),
    ],
)
def test_states(before: Known | None, now: dict[str, Any], state: str) -> None:
    assert once(before, finding(**now)).finding.state == state


def test_what_ages_takes_nothing_from_a_finding() -> None:
    lives = once(NEW, finding(first=THEN + DAY, count=4))
    assert (lives.finding.first, lives.finding.count, lives.seen_count) == (THEN, 10, 4)
    grown = once(lives, finding(first=THEN + DAY, count=5))
    assert (grown.finding.state, grown.finding.count) == ("ongoing", 10)


def test_graver_again_after_it_was_acknowledged_starts_over() -> None:
    lives = once(ACKNOWLEDGED, finding(severity="high"))
    assert (lives.acknowledged, lives.reason, lives.severity) == (None, None, "high")


def test_a_first_pass_calls_new_what_is_recent() -> None:
    assert once(None, finding(), newest=THEN + 3 * DAY).finding.state == "quiet"
    assert once(None, finding(), newest=THEN + 1.5 * DAY).finding.state == "new"


def test_what_comes_back_is_new() -> None:
    assert once(NEW, finding(), back={finding().id}).finding.state == "new"
