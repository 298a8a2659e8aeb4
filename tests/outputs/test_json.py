"""The JSON report: the contract's keys in its order, times as promised, valid by its schema, harmless to `cat`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.outputs._reports import holding
from zeeksmtp.model import Report, View
from zeeksmtp.outputs import json as output

SCHEMA = Path(__file__).parents[2] / "docs" / "report.schema.json"
CONTRACT = (
    "schema run window inputs coverage posture roles credentials_to_change volumes settings findings incidents errors"
)
NEWER = ("note", "problem")


def written(report: Report) -> dict[str, Any]:
    """Render `report` and read it again."""
    shape: dict[str, Any] = json.loads(output.OUTPUT.render(report, View()))
    return shape


@pytest.fixture
def schema() -> Draft202012Validator:
    """Return a validator made of the schema in docs."""
    shape = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(shape)
    return Draft202012Validator(shape, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_keys_come_in_the_contracts_order(full: Report) -> None:
    report = written(full)
    assert [key for key in report if key in CONTRACT.split()] == CONTRACT.split()
    assert report["schema"] == "zeeksmtp.report.v2"
    assert list(report["findings"][0])[:6] == ["id", "state", "detector", "title", "severity", "confidence"]
    assert list(report["settings"]) == ["alpha", "false_discovery_rate", "trials", "suppressed"]


def test_times_are_utc_with_microseconds(full: Report) -> None:
    report = written(full)
    assert report["window"] == {"first": "2026-11-23T06:00:00.000000Z", "last": "2026-11-24T07:00:00.000000Z"}


def test_it_is_ascii_whatever_was_logged(full: Report) -> None:
    text = output.OUTPUT.render(full, View(80))
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)["findings"][1]["accounts"] == list(full.findings[1].accounts)


def test_the_schema_holds_for_both_reports(full: Report, empty: Report, schema: Draft202012Validator) -> None:
    for report in (full, empty):
        schema.validate(written(report))


def test_the_schema_refuses_what_is_no_report(full: Report, schema: Draft202012Validator) -> None:
    report = written(full)
    older = report | {"schema": "zeeksmtp.report.v1"}
    for wrong in (older, report | {"findings": [{}]}, report | {"window": {"first": "today"}}):
        assert not schema.is_valid(wrong)
    assert not schema.is_valid({key: value for key, value in report.items() if key != "window"})


def _objects(shape: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(shape, Mapping):
        yield shape
        for value in shape.values():
            yield from _objects(value)


def test_a_newer_v2_with_more_keys_is_still_valid(full: Report, schema: Draft202012Validator) -> None:
    schema.validate(written(full) | {"later": 1})


def test_rendering_twice_gives_the_same_bytes(full: Report) -> None:
    assert output.OUTPUT.render(full, View()) == output.OUTPUT.render(full, View())


def test_it_is_the_report_as_its_model_writes_it(full: Report) -> None:
    assert Report.model_validate_json(output.render(full, View())) == full


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_was_logged_comes_back(text: str) -> None:
    shown = output.render(holding(text), View())
    assert shown.replace("\n", "").isprintable()
    assert Report.model_validate_json(shown) == holding(text)
