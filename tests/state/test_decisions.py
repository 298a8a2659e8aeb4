"""What the operator decided is taken back whole, and only that."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy import Connection

from tests.state.test_findings import NOW, ONE, TWO, known
from zeeksmtp.model import Severity
from zeeksmtp.state import decisions
from zeeksmtp.state.findings import (
    FindingSuppression,
    remembered_findings,
    save_findings,
    suppress,
    suppressions,
)


def test_an_acknowledgement_is_taken_back_whole(connection: Connection) -> None:
    before = [
        known(state="ongoing", reported=True),
        known(TWO, state="acknowledged", reason="old", acknowledged=NOW, reported=True),
    ]
    save_findings(connection, before, 1)
    undo = decisions.acknowledge(connection, before, "new reason")
    assert {one.reason for one in remembered_findings(connection).values()} == {"new reason"}
    undo(connection)
    assert remembered_findings(connection) == {ONE: before[0], TWO: before[1]}


def test_what_became_more_severe_meanwhile_stays(connection: Connection) -> None:
    before = known()
    save_findings(connection, [before], 1)
    undo = decisions.acknowledge(connection, [before], "known")
    graver = replace(before, severity=Severity.CRITICAL, last_pass=2)
    save_findings(connection, [graver], 2)
    undo(connection)
    assert remembered_findings(connection)[ONE] == graver


def test_a_suppression_is_taken_back_to_the_one_before(connection: Connection) -> None:
    save_findings(connection, [known(), known(TWO)], 1)
    earlier = FindingSuppression(TWO, "pentest", date(2026, 12, 24))
    suppress(connection, earlier)
    undo = decisions.suppress(connection, [ONE, TWO], "test servers")
    assert suppressions(connection) == {id_: FindingSuppression(id_, "test servers", None) for id_ in (ONE, TWO)}
    undo(connection)
    assert suppressions(connection) == {TWO: earlier}
