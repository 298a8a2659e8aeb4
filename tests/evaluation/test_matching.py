"""Findings against truth: who is right, who is wrong, who was missed, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evaluation.intervals import lower, upper_rate
from evaluation.matching import Score, scores
from simulation.truth import Event
from tests.findings import plain
from zeeksmtp.model import Evidence, Finding, SequentialTestResult, Severity

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def finding(**given: Any) -> Finding:
    usual = {"detector": "smtp-scan", "first": NOON, "last": NOON + HOUR, "clients": ("10.0.0.1",)}
    return plain(**(usual | given))


def happened(**given: Any) -> Event:
    usual: dict[str, Any] = {
        "kind": "scan",
        "must": {"smtp-scan": Severity.MEDIUM},
        "may": frozenset({"smtp-scan", "new-direct-sender"}),
        "clients": frozenset({"10.0.0.1"}),
        "start": NOON,
        "end": NOON + HOUR,
    }
    return Event(**{**usual, **given})


def score(findings: list[Finding], events: list[Event], detector: str = "smtp-scan") -> Score:
    return scores(findings, events, [detector], seed=2)[detector]


def alarmed(at: datetime) -> Evidence:
    return Evidence(test=SequentialTestResult(score=14, threshold=13.8, trials=9, bad=9, alarm_at=at))


def test_a_finding_about_the_same_client_finds_the_event() -> None:
    result = score([finding()], [happened()])
    assert (result.events, result.found, result.true[Severity.MEDIUM], result.missed) == (1, 1, 1, [])


@pytest.mark.parametrize(
    "other",
    [
        {"clients": ("10.0.0.2",)},
        {"first": NOON + 5 * HOUR, "last": NOON + 6 * HOUR},
        {"evidence": alarmed(NOON - HOUR)},
    ],
    ids=["another client", "another time", "alarmed before"],
)
def test_another_finding_does_not(other: dict[str, Any]) -> None:
    result = score([finding(**other)], [happened()])
    assert (result.found, result.false[Severity.MEDIUM], len(result.missed)) == (0, 1, 1)


def test_a_weaker_finding_is_right_but_does_not_count_as_found() -> None:
    result = score([finding(severity=Severity.LOW)], [happened()])
    assert (result.found, result.true[Severity.LOW], sum(result.false.values())) == (0, 1, 0)


def test_a_detector_that_may_name_it_is_not_wrong_and_owes_nothing() -> None:
    result = score([finding(detector="new-direct-sender")], [happened()], "new-direct-sender")
    assert (result.events, result.true[Severity.MEDIUM], sum(result.false.values())) == (0, 1, 0)


def test_a_background_is_neither_right_nor_wrong() -> None:
    result = score([finding()], [happened(must={})])
    assert (result.events, result.neutral, sum(result.true.values()), sum(result.false.values())) == (0, 1, 0, 0)


def test_what_is_merely_worth_knowing_is_no_alarm() -> None:
    assert not score([finding(severity=Severity.INFO)], []).accused


def test_accounts_agree_whatever_their_spelling() -> None:
    named = finding(accounts=("CORP\\Alice",))
    assert score([named], [happened(accounts=frozenset({"alice@corp.example"}))]).found == 1
    assert score([named], [happened(accounts=frozenset({"bob"}))]).found == 0


def test_the_time_to_detection_is_that_of_the_alarm() -> None:
    assert score([finding(evidence=alarmed(NOON + HOUR / 2))], [happened()]).hours == [0.5]


def test_figures_of_two_sites_add_up() -> None:
    result = score([finding()], [happened()])
    result.add(score([], [happened()]))
    assert (result.events, result.found, dict(result.by_kind)) == (2, 1, {"scan": [2, 1]})
    assert result.level is Severity.MEDIUM


def test_the_level_is_that_of_the_contract_where_it_is_lower() -> None:
    assert score([], [happened(must={"smtp-scan": Severity.LOW})]).level is Severity.LOW


def test_bounds_are_those_of_the_textbook() -> None:
    assert lower(100, 100) == pytest.approx(0.05 ** (1 / 100))
    assert lower(0, 10) == 0
    assert upper_rate(0, 1) == pytest.approx(2.9957, abs=1e-4)
