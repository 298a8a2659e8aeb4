"""Findings in the state: what is read is what was written, and what the operator says is kept beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.findings import plain
from zeeksmtp.model import Severity
from zeeksmtp.state import findings
from zeeksmtp.state.findings import FindingSuppression, RememberedFinding, remembered_findings, save_findings

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ONE, TWO = "1" * 16, "2" * 16


def known(id_: str = ONE, number: int = 1, **more: Any) -> RememberedFinding:
    """Return a finding of pass `number`."""
    state = more.pop("state", "new")
    return RememberedFinding(plain(id=id_, state=state), number, number, 1, Severity.MEDIUM, **more)


def states(connection: Connection) -> dict[str, str | None]:
    return {id_: one.finding.state for id_, one in remembered_findings(connection).items()}


def test_what_is_read_is_what_was_written(connection: Connection) -> None:
    one = known(reported=True, state="acknowledged", reason="known", acknowledged=NOW)
    save_findings(connection, [one, known(TWO)], 1)
    assert remembered_findings(connection) == {ONE: one, TWO: known(TWO)}
    later = known(number=2, state="ongoing")
    save_findings(connection, [later], 2)
    assert remembered_findings(connection)[ONE] == later


def test_what_a_pass_does_not_find_is_quiet_unless_it_is_acknowledged(connection: Connection) -> None:
    save_findings(connection, [known(), known(TWO)], 1)
    findings.acknowledge(connection, [known(TWO)], "known", NOW)
    save_findings(connection, [], 2)
    assert states(connection) == {ONE: "quiet", TWO: "acknowledged"}


@pytest.mark.parametrize(("reported", "state"), [(True, "quiet"), (False, "new")])
def test_an_acknowledgement_can_be_withdrawn(reported: bool, state: str, connection: Connection) -> None:
    save_findings(connection, [known(reported=reported), known(TWO)], 1)
    findings.acknowledge(connection, [known()], "known", NOW)
    held = remembered_findings(connection)[ONE]
    assert (held.finding.state, held.reason, held.acknowledged) == ("acknowledged", "known", NOW)
    findings.unacknowledge(connection, [ONE, TWO])
    held = remembered_findings(connection)[ONE]
    assert (held.finding.state, held.reason, held.acknowledged) == (state, None, None)
    assert states(connection)[TWO] == "new", "it was not acknowledged"


def test_only_what_is_not_acknowledged_is_reopened(connection: Connection) -> None:
    both = [known(reported=True, state="quiet"), known(TWO, reported=True, state="quiet")]
    save_findings(connection, both, 1)
    findings.acknowledge(connection, both[1:], "known", NOW)
    findings.reopen(connection, [ONE, TWO])
    held = remembered_findings(connection)
    assert states(connection) == {ONE: "new", TWO: "acknowledged"}
    assert (held[ONE].reported, held[TWO].reported) == (False, True)


def test_a_suppression_that_ends_makes_its_finding_new(connection: Connection) -> None:
    save_findings(connection, [known(reported=True, state="quiet")], 1)
    entries = [FindingSuppression(ONE, "test", date(2026, 11, 25)), FindingSuppression(TWO, "test", None)]
    for entry in entries:
        findings.suppress(connection, entry)
    findings.end_suppressions(connection, NOW.date() - timedelta(days=1))
    assert findings.suppressions(connection) == {ONE: entries[0], TWO: entries[1]}
    assert states(connection) == {ONE: "quiet"}
    findings.end_suppressions(connection, NOW.date())
    assert findings.suppressions(connection) == {TWO: entries[1]}
    assert states(connection) == {ONE: "new"}


def test_what_is_past_is_bounded_and_what_was_found_last_stays(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "MAX_PAST_FINDINGS", 3)
    for number in range(1, 9):
        save_findings(connection, [known(f"{number:016x}", number)], number)
    assert sorted(remembered_findings(connection)) == [f"{number:016x}" for number in (5, 6, 7, 8)]
