"""Titles, summaries and steps read as an analyst would write them, for every finding of every case."""

from __future__ import annotations

import re

import pytest

from tests.cases import DETECTORS, Case, cases, found
from zeeksmtp.model import Detector, Finding, Severity

FIRING = [case for case in cases() if case.fires]
DIALECT = re.compile(
    r"\b(asked|told|its loot|in masses|in vain|by itself|went by|seen as|unknown account|none)\b", re.IGNORECASE
)
MAX_TITLE_CHARS = 200

each_detector = pytest.mark.parametrize("detector", DETECTORS.values(), ids=lambda unit: unit.id)
each_case = pytest.mark.parametrize("case", FIRING, ids=lambda case: f"{case.detector.id}-{case.name}")


@each_detector
def test_a_title_begins_with_the_technique(detector: Detector) -> None:
    assert re.match(r"[A-Z][A-Za-z-]+ ?[a-z-]*", detector.title), detector.title
    assert not detector.title.startswith("{")


@each_detector
def test_what_others_must_do_is_told_to_them_and_only_where_they_are_involved(detector: Detector) -> None:
    assert detector.actions
    for advice in detector.actions:
        assert (advice.owner == "outside") == advice.text.startswith("Tell "), advice.text
        assert advice.text.endswith("."), advice.text
        if advice.owner == "outside":
            assert {"client-outside", "server-outside"} & set(advice.when), advice.text


@each_detector
def test_a_wider_step_is_one_of_a_detector_and_names_what_every_finding_has(detector: Detector) -> None:
    known = {advice.text for other in DETECTORS.values() for advice in other.actions}
    for advice in detector.actions:
        outside_brackets = re.sub(r"\(.*\)", "", advice.wider)
        assert not advice.wider or advice.wider in known
        assert set(re.findall(r"{(\w+)}", outside_brackets)) <= {"clients", "servers", "accounts", "first"}


@each_case
def test_a_finding_reads_well(case: Case) -> None:
    for finding in found(case):
        for text in (finding.title, finding.summary, finding.action):
            assert not DIALECT.search(text), text
        assert len(finding.title) <= MAX_TITLE_CHARS, finding.title
        assert finding.summary.endswith("."), finding.summary
        assert "  " not in finding.summary, finding.summary


@each_case
def test_what_is_grave_has_a_step_to_take(case: Case) -> None:
    for finding in found(case):
        if finding.severity.rank >= Severity.MEDIUM.rank:
            assert finding.action, finding.title


@each_case
def test_no_step_is_about_an_account_where_none_was_visible(case: Case) -> None:
    for finding in found(case):
        if not finding.accounts:
            assert "password of" not in finding.action, finding.action
            assert "sessions of" not in finding.action, finding.action


def test_secrets_hash_is_in_no_text() -> None:
    shown = [text for case in FIRING if case.detector.id == "password-reuse" for text in _texts(found(case))]
    assert shown
    assert not [text for text in shown if "aa" in re.findall(r"\w+", text)]


def _texts(findings: list[Finding]) -> list[str]:
    return [finding.model_dump_json() for finding in findings]
