"""Incidents in the state: their state follows from their findings, and one that grew or merged is one."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from tests.findings import NOON, plain
from zeeksmtp.model import Finding, Incident, Severity, State
from zeeksmtp.state import incidents
from zeeksmtp.state.incidents import incident_state, remembered_incidents, save_incidents, with_state

A, B, C = ("a" * 16, "b" * 16, "c" * 16)


def incident(id_: str, *findings: str, **more: Any) -> Incident:
    """Return an incident of these findings."""
    usual: dict[str, Any] = {
        "title": "t",
        "severity": Severity.HIGH,
        "score": 40,
        "score_parts": {"worst_severity": 40},
        "stages": ("recon",),
        "first": NOON,
        "last": NOON,
        "clients": (),
        "servers": (),
        "accounts": (),
        "outcome": "",
        "timeline": (),
        "actions": (),
        "uids": (),
    }
    return Incident(id=id_, findings=findings, **(usual | more))


def in_state(**states: State) -> dict[str, Finding]:
    """Return findings by id, one letter sixteen times."""
    return {letter * 16: plain(id=letter * 16, state=state) for letter, state in states.items()}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["quiet", "acknowledged", "new", "ongoing"], "new"),
        (["quiet", "acknowledged", "ongoing"], "ongoing"),
        (["acknowledged", "acknowledged"], "acknowledged"),
        (["acknowledged", "quiet"], "quiet"),
        (["quiet"], "quiet"),
        ([], "quiet"),
    ],
)
def test_the_state_follows_from_that_of_the_findings(states: list[State], expected: State) -> None:
    assert incident_state(states) == expected


def test_what_is_read_is_what_was_written_with_the_state_of_the_findings(connection: Connection) -> None:
    whole = incident("1" * 16, A, B, symptoms={"cleartext-mail": 3})
    save_incidents(connection, [with_state(whole, in_state(a="new", b="quiet"))], 1)
    (held,) = remembered_incidents(connection, in_state(a="acknowledged", b="acknowledged")).values()
    assert (held.incident, held.last_pass) == (whole.model_copy(update={"state": "acknowledged"}), 1)


def test_an_incident_that_became_part_of_another_is_forgotten(connection: Connection) -> None:
    save_incidents(connection, [incident("1" * 16, A), incident("2" * 16, B), incident("3" * 16, C)], 1)
    save_incidents(connection, [incident("2" * 16, A, B)], 2)
    held = remembered_incidents(connection, {})
    assert {id_: (one.incident.findings, one.last_pass) for id_, one in held.items()} == {
        "2" * 16: ((A, B), 2),
        "3" * 16: ((C,), 1),
    }


def test_what_is_past_is_bounded(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incidents, "MAX_PAST_INCIDENTS", 2)
    for number in range(1, 7):
        save_incidents(connection, [incident(f"{number:016x}", f"{number:016x}")], number)
    assert sorted(remembered_incidents(connection, {})) == [f"{number:016x}" for number in (4, 5, 6)]
