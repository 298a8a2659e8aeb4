"""The ECS events beside the published schema (fixtures/ecs): names, types, allowed values; the rest is `zeeksmtp`'s."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from tests.outputs._reports import holding
from zeeksmtp.model import Report, View
from zeeksmtp.outputs import ecs
from zeeksmtp.rendering.pseudonyms import pseudonymise

SCHEMA = Path(__file__).parents[2] / "fixtures" / "ecs"
FIELDS, VALUES = (
    list(csv.DictReader((SCHEMA / name).read_text().splitlines())) for name in ("fields.csv", "values.csv")
)
KINDS = {row["field"]: (row["type"], row["normalization"] == "array") for row in FIELDS}
TYPES = {(row["field"], row["value"]): row["types"].split() for row in VALUES}


def events(report: Report) -> list[dict[str, Any]]:
    """Render `report` and read it again, line by line."""
    return [json.loads(line) for line in ecs.OUTPUT.render(report, View()).splitlines()]


def flat(shape: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields of an event by their dotted names."""
    for key, value in shape.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def fits(kind: str, value: Any) -> bool:
    """Return whether a value is of a type of the schema."""
    match kind:
        case "date":
            return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
        case "ip":
            return bool(ip_address(value)) and "%" not in value
        case "long":
            return type(value) is int
        case "float":
            return type(value) is float
    return isinstance(value, str)


def check(report: Report) -> set[str]:
    """Compare every event with the schema; give the names that were used."""
    used = set()
    for event in events(report):
        for name, value in flat(event):
            if name.startswith("zeeksmtp."):
                continue
            used.add(name)
            assert name in KINDS, name
            kind, many = KINDS[name]
            assert isinstance(value, list) == many, name
            assert all(fits(kind, one) for one in (value if many else [value])), name
        for category in event["event"]["category"]:
            assert set(event["event"]["type"]) <= set(TYPES["event.category", category])
        assert ("event.kind", event["event"]["kind"]) in TYPES
    return used


def test_everything(full: Report, snapshot: SnapshotAssertion) -> None:
    assert ecs.OUTPUT.render(full, View()) == snapshot


def test_the_schema_is_there() -> None:
    assert len(FIELDS) > 150
    assert (KINDS["source.ip"], KINDS["related.ip"]) == (("ip", False), ("ip", True))
    assert f"release {ecs.ECS_VERSION} " in (SCHEMA / "README.md").read_text()


def test_every_field_is_in_the_schema_or_ours(full: Report, empty: Report) -> None:
    assert check(empty) == set()
    assert {"@timestamp", "ecs.version", "event.kind", "event.category", "event.type"} <= check(full)


@given(text=st.text(max_size=20) | st.sampled_from(["10.0.0.1", "fe80::1%eth0", "1.2.3", "::ffff:1.2.3.4"]))
def test_whatever_was_logged(text: str) -> None:
    check(holding(text))
    assert ecs.OUTPUT.render(holding(text), View()).isascii()


def test_pseudonyms_are_no_addresses(full: Report) -> None:
    check(pseudonymise(full))
    assert events(pseudonymise(full))[0]["source"] == {"address": "host-1"}


def test_an_event_for_each_finding_and_incident(full: Report) -> None:
    documents = events(full)
    ids = [event["event"]["id"] for event in documents]
    assert ids == [thing.id for thing in (*full.findings, *full.incidents)]
    assert len(set(ids)) == len(ids)
    assert [event["event"]["dataset"] for event in documents[-2:]] == ["zeeksmtp.findings", "zeeksmtp.incidents"]
    assert documents[-1]["event"]["risk_score"] == 87.0


@pytest.mark.parametrize(("number", "single"), [(0, True), (2, False)])
def test_fields_for_one_are_there_where_there_is_one(full: Report, number: int, single: bool) -> None:
    event = events(full)[number]
    assert ("ip" in event.get("source", {})) == single
    assert ("user" in event) == single
    assert set(event["related"]["ip"]) == {*full.findings[number].clients, *full.findings[number].servers}


def test_a_subtechnique_has_its_technique(full: Report) -> None:
    assert events(full)[2]["threat"] == {
        "framework": "MITRE ATT&CK",
        "technique": {"id": ["T1589"], "subtechnique": {"id": ["T1589.002"]}},
    }


def test_nothing_that_is_empty_is_told(full: Report) -> None:
    assert [name for event in events(full) for name, value in flat(event) if value in (None, [], {})] == []
