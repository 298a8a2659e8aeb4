"""What changed since somebody looked: whether it went on after the acknowledgement, and since when it is quiet."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from tests.state.test_findings import ONE, known
from zeeksmtp.state.findings import save_findings
from zeeksmtp.state.memory import Memory

EVENTS = "1 event" if known().finding.count == 1 else f"{known().finding.count} events"
LAST = f"{known().finding.last:%Y-%m-%d %H:%M} UTC"


@pytest.mark.parametrize(
    ("state", "acknowledged", "said"),
    [
        ("new", None, []),
        ("ongoing", None, []),
        ("quiet", None, [f"{ONE} {EVENTS} until {LAST}, 0 since"]),
        ("acknowledged", 1, [f"{ONE} {EVENTS} until {LAST}, 0 since"]),
        ("acknowledged", -1, [f"{ONE} went on after that: last event {LAST}"]),
    ],
)
def test_what_changed_since(connection: Connection, state: str, acknowledged: int | None, said: list[str]) -> None:
    at = None if acknowledged is None else known().finding.last + timedelta(hours=acknowledged)
    save_findings(connection, [known(state=state, acknowledged=at, reason="fixed")], 1)
    lines = list(Memory.load(connection).decided(ONE))
    assert [line for line in lines if "acknowledged" not in line] == said
