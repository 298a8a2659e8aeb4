"""Walks through the viewer over a report of recorded traffic and over the state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.widgets import DataTable

from tests.conftest import CAPTURES
from tests.outputs import _reports
from tests.viewer._walking import SIZES, Walk, walk
from zeeksmtp.config import Settings
from zeeksmtp.model import Report, Severity, Site
from zeeksmtp.pipeline import Request, run
from zeeksmtp.state.findings import RememberedFinding, remembered_findings, save_findings, suppressions
from zeeksmtp.state.incidents import save_incidents
from zeeksmtp.state.store import open_store
from zeeksmtp.viewer.app import Viewer
from zeeksmtp.viewer.source import ReportSource, StateSource

LOGS = [CAPTURES / name / "tsv" for name in ("auth_plain_initial", "vrfy_scan")]


@pytest.fixture(scope="module")
def recorded() -> Report:
    return run(Request(tuple(LOGS), Settings()))


@pytest.fixture
def over_report(recorded: Report) -> Viewer:
    return Viewer(ReportSource(recorded, "logs", LOGS, Site()))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state file that remembers the example's findings and incident, all of them new."""
    path, report = tmp_path / "state.sqlite", _reports.full()
    new = [finding.model_copy(update={"state": "new"}) for finding in report.findings]
    with open_store(path) as store, store.transaction() as connection:
        save_findings(connection, [RememberedFinding(f, 1, 1, f.count, f.severity) for f in new], 1)
        save_incidents(connection, report.incidents, 1)
    return path


def decided(path: Path) -> tuple[set[str], set[str]]:
    """Return the ids of what is acknowledged, and of what is suppressed."""
    with open_store(path) as store, store.transaction() as connection:
        known = remembered_findings(connection)
        return {id_ for id_, one in known.items() if one.acknowledged}, set(suppressions(connection))


@SIZES
def test_from_the_table_to_the_transcript_and_back(over_report: Viewer, size: tuple[int, int]) -> None:
    async def steps(at: Walk) -> None:
        assert "1 Incidents" in at.screen and "User enumeration" in at.screen
        assert "State" not in at.screen and "Ack" not in at.last_lines[1]
        page = await at.press("enter")
        assert "Timeline" in page and "10.20." in page
        assert "C EHLO" in await at.press("t")
        assert "session 1 of" in at.last_lines[0]
        assert "Timeline" in await at.press("escape")
        assert "1 Incidents" in await at.press("escape")
        await at.press("q")

    assert walk(over_report, size, steps).return_code == 0


@SIZES
def test_a_search_narrows_every_table(over_report: Viewer, size: tuple[int, int], recorded: Report) -> None:
    async def steps(at: Walk) -> None:
        await at.press("slash")
        screen = await at.type("detector:user-enumeration")
        assert "User enumeration" in screen and "Cleartext" not in screen
        scanners = {f.clients[0] for f in recorded.findings if f.detector == "user-enumeration"}
        hosts = await at.press("3")
        assert scanners and all(host in hosts for host in scanners)
        assert "0 of" in (await at.press("4"))
        assert "alice" in await at.press("escape")
        await at.press("slash")
        assert "no time; write 2026" in await at.type("since:soon")
        assert "alice" in at.screen  # the search before still holds

    walk(over_report, size, steps)


@SIZES
def test_every_table_opens_its_rows(over_report: Viewer, size: tuple[int, int], recorded: Report) -> None:
    async def steps(at: Walk) -> None:
        await at.press("2")
        assert ("severity" in at.screen and "detector" in at.screen) or size[0] == 80
        assert recorded.findings[0].id in await at.press("enter", "end")
        await at.press("escape")
        for table, head in (("3", "Host "), ("4", "Account "), ("5", "Session C")):
            await at.press(table)
            page = await at.press("enter")
            assert head in page
            await at.press("escape")

    walk(over_report, size, steps)


def test_columns_sort_both_ways(over_report: Viewer) -> None:
    async def steps(at: Walk) -> None:
        await at.press("3")
        shown = over_report._rows
        for _ in range(4):
            await at.press("o")  # by host, the fourth column
        assert "host ^" in at.screen
        up = [row.key for row in over_report._rows]
        await at.press("O")
        assert "host v" in at.screen
        assert [row.key for row in over_report._rows] == up[::-1] != [row.key for row in shown]
        assert sorted(up, key=lambda host: tuple(map(int, host.split(".")))) == up

    walk(over_report, (80, 24), steps)


def test_the_page_scrolls_and_the_cursor_stays(over_report: Viewer) -> None:
    async def steps(at: Walk) -> None:
        await at.press("down", "enter")
        top = at.screen
        assert await at.press("pagedown") != top
        await at.press("escape", "r")
        assert at.app.query_one(DataTable).cursor_row == 1

    walk(over_report, (80, 24), steps)


def test_a_session_that_no_log_has_is_said(recorded: Report, tmp_path: Path) -> None:
    (tmp_path / "conn.log").write_text((LOGS[1] / "conn.log").read_text().replace("\tC", "\tX"))
    viewer = Viewer(ReportSource(recorded, "logs", [tmp_path], Site()), search="detector:cleartext-credentials")

    async def steps(at: Walk) -> None:
        assert "no SMTP connection has the uid" in await at.press("t")

    walk(viewer, (80, 24), steps)


@SIZES
def test_acknowledge_and_take_back(state: Path, size: tuple[int, int]) -> None:
    incident = _reports.full().incidents[0]

    async def steps(at: Walk) -> None:
        assert "new" in at.screen and "Ack" in at.last_lines[1]
        assert "Acknowledge: " in await at.press("a")
        assert "the reason is empty" in await at.press("enter")
        screen = await at.type("ticket 4711")
        assert "acknowledged" in screen and "u takes it back" in at.last_lines[0]
        assert decided(state) == (set(incident.findings), set())
        assert "ticket 4711" in await at.press("enter", "end")
        assert "ticket 4711" not in await at.press("u")  # from the page
        assert decided(state) == (set(), set())
        assert "nothing to take back" in await at.press("u")
        await at.press("escape")
        assert "acknowledged" not in at.screen
        await at.press("a", "escape")
        assert decided(state) == (set(), set())

    walk(Viewer(StateSource(state, [], Site())), size, steps)


@SIZES
def test_suppress_and_take_back(state: Path, size: tuple[int, int]) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()

    async def steps(at: Walk) -> None:
        await at.press("2", "x")
        await at.press(*"test", "tab")
        assert "that is no day" in await at.type("soon")
        await at.press("home", "ctrl+k")
        assert "not in the future" in await at.type("2026-01-01")
        await at.press("home", "ctrl+k")
        assert "suppressed" in await at.type(tomorrow.isoformat())
        acknowledged, suppressed = decided(state)
        assert not acknowledged and len(suppressed) == 1
        await at.press("u")
        assert decided(state) == (set(), set())

    walk(Viewer(StateSource(state, [], Site())), size, steps)


def test_a_state_that_cannot_be_read_any_more_is_said(state: Path) -> None:
    async def steps(at: Walk) -> None:
        for file in state.parent.iterdir():
            file.write_bytes(b"no database at all, and longer than a header of one hundred bytes would be" * 40)
        assert "damaged" in await at.press("r")
        assert "1 of 1 incidents" not in at.last_lines[0]

    walk(Viewer(StateSource(state, [], Site())), (200, 50), steps)


def test_severities_are_searched_in_the_state(state: Path) -> None:
    async def steps(at: Walk) -> None:
        await at.press("2", "slash")
        await at.type("severity:<medium")
        assert {row.cells[0] for row in at.app._rows} == {Severity.LOW, Severity.INFO}

    walk(Viewer(StateSource(state, [], Site())), (80, 24), steps)
