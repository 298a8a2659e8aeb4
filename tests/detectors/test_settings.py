"""Every setting of every detector changes what it finds: of each there is a case whose outcome depends on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest
from pydantic.fields import FieldInfo

from tests.cases import DETECTORS, Case, Frames, cases
from zeeksmtp.model import Finding

CASES: dict[str, list[Case]] = defaultdict(list)
for _case in cases():
    CASES[_case.detector.id].append(_case)
SETTINGS = [(detector.id, name) for detector in DETECTORS.values() for name in detector.params.model_fields]

# Where the bounds alone do not say what must matter: theta0 lies below theta1, and hours are hours of the day.
VALUES: Mapping[str, tuple[Any, ...]] = {
    "theta0": (0.45, 0.001),
    "theta1": (0.95, 0.21, 0.06),
    "memory_days": (0.001,),
    "night_from": (12,),
    "night_to": (0, 11),
    "legacy_auth_end": (date(2040, 1, 1),),
}
FACTOR = 1000
"""How far a value is from its default where it has no bound on that side."""


def _values(name: str, field: FieldInfo) -> Iterator[Any]:
    """Yield values of a setting that are far from its default, within its bounds."""
    if name in VALUES:
        yield from VALUES[name]
        return
    bounds = {b: getattr(given, b) for given in field.metadata for b in ("ge", "gt", "le", "lt") if hasattr(given, b)}
    yield bounds["gt"] + field.default / FACTOR if "gt" in bounds else bounds["ge"]
    yield bounds["lt"] - 1 / FACTOR if "lt" in bounds else bounds.get("le", field.default * FACTOR)


@cache
def _tables(detector: str, number: int) -> Frames:
    return CASES[detector][number].frames()


def _outcome(case: Case, tables: Frames, **changed: Any) -> list[dict[str, Any]]:
    """Return the findings without their test: score and threshold alone are no outcome."""
    changed_case = replace(case, params={**case.params, **changed})
    return [_without_test(finding) for finding in changed_case.findings_in(tables)]


def _without_test(finding: Finding) -> dict[str, Any]:
    return finding.model_dump(exclude={"evidence": {"test"}})


def _is_valid(case: Case, **changed: Any) -> bool:
    """Return whether the setting goes with the others: theta0 must stay below theta1."""
    params = case.detector.params(**{**case.params, **changed})
    return bool(getattr(params, "theta0", 0) < getattr(params, "theta1", 1))


@cache
def _usual(detector: str, number: int) -> list[dict[str, Any]]:
    return _outcome(CASES[detector][number], _tables(detector, number))


@pytest.mark.parametrize(("detector", "name"), SETTINGS, ids=str)
def test_a_setting_matters(detector: str, name: str) -> None:
    field = DETECTORS[detector].params.model_fields[name]
    for number, case in enumerate(CASES[detector]):
        tables, usual = _tables(detector, number), _usual(detector, number)
        values = [value for value in _values(name, field) if _is_valid(case, **{name: value})]
        if any(_outcome(case, tables, **{name: value}) != usual for value in values):
            return
    pytest.fail("no case shows it")


def test_there_are_settings() -> None:
    assert len(SETTINGS) > 40
