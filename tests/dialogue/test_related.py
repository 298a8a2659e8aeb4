"""A connection is part of a finding that names it, or that covers it where the list of uids is not whole."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from zeeksmtp.dialogue.related import Entity, parts_of
from zeeksmtp.model import Confidence, Evidence, Finding, Severity

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENTITY = Entity(("C1", "C2"), "10.0.1.5", "10.0.0.25", ("Alice@corp.example",), NOON, NOON + timedelta(minutes=1))
FULL = tuple(f"Cother{number}" for number in range(20))


def link(**what: Any) -> str | None:
    told: dict[str, Any] = {"clients": ("10.0.1.5",), "servers": ("10.0.0.25",), "accounts": (), "uids": FULL}
    span = {"first": NOON - timedelta(hours=1), "last": NOON + timedelta(hours=1)}
    finding = Finding(
        id="0" * 16,
        detector="password-guessing",
        title="",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        attack=(),
        count=99,
        evidence=Evidence(),
        summary="",
        action="",
        **(told | span | what),
    )
    report: Any = SimpleNamespace(findings=(finding,))
    parts = parts_of(ENTITY, report)
    return parts[0].link if parts else None


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({"uids": ("C2",), "clients": ("192.0.2.1",)}, "named"),
        ({}, "covered"),
        ({"uids": ()}, "covered"),
        ({"uids": FULL[:19]}, None),
        ({"clients": ("192.0.2.1",)}, None),
        ({"servers": ("192.0.2.1",)}, None),
        ({"clients": (), "accounts": ("CORP\\alice",)}, "covered"),
        ({"accounts": ("bob",)}, None),
        ({"clients": (), "servers": ()}, None),
        ({"last": NOON - timedelta(seconds=1)}, None),
        ({"first": NOON + timedelta(minutes=2)}, None),
    ],
)
def test_link(what: dict[str, object], expected: str | None) -> None:
    assert link(**what) == expected
