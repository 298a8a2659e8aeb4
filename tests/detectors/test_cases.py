"""Every case of every detector: `fixtures/detectors/<id>.yml`."""

from __future__ import annotations

import pytest

from tests.cases import Case, cases, differences, found
from zeeksmtp.model import Severity

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.detector.id}-{case.name}")
def test_case(case: Case) -> None:
    findings = found(case)
    shown = "\n".join(finding.model_dump_json(indent=1) for finding in findings)
    if case.expect_at_most is not None:
        above = [f for f in findings if f.severity.rank > Severity(case.expect_at_most).rank]
        assert not above, f"{case.why}\n{shown}"
        return
    assert len(findings) == len(case.expect), f"{case.why}\n{shown}"
    unmatched = list(findings)
    for expected in case.expect:
        nearest = min(unmatched, key=lambda finding: len(differences(expected, finding)))
        assert not differences(expected, nearest), f"{case.why}\n{shown}"
        unmatched.remove(nearest)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.detector.id}-{case.name}")
def test_the_order_of_rows_changes_nothing(case: Case) -> None:
    assert case.findings(shuffle=1) == found(case)


def test_a_case_says_by_its_name_what_it_expects() -> None:
    assert CASES
    for case in CASES:
        assert case.why.strip(), case.name
        assert case.name.startswith(("fires_", "quiet_")), case.name
        assert bool(case.expect) == case.fires, case.name
        assert (case.tables is None) != (case.logs is None), f"{case.name}: either tables or logs"


def test_names_of_cases_are_unique() -> None:
    names = [(case.detector.id, case.name) for case in CASES]
    assert len(names) == len(set(names))
