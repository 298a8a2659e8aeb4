"""Logged text in the viewer: shown as the text that it is, on every table and page; never markup, never an escape."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from tests.outputs import _reports
from tests.outputs._hostile import REFERENCES, hostile
from tests.viewer._walking import Walk, walk
from zeeksmtp.escaping import plain
from zeeksmtp.model import Report, Site
from zeeksmtp.viewer.app import Viewer
from zeeksmtp.viewer.screens import TranscriptScreen
from zeeksmtp.viewer.source import ReportSource

TEXTS = (
    "[red]x[/red]",
    "[@click=app.quit]x[/]",
    "\x1b[31mx\x1b[0m",
    "\u202egnp.exe",
    "a\u200bb",
    "[/]",
    "$x {y}",
    "\r\n",
)


def tables_and_pages(report: Report, hosts: int = 3) -> str:
    """Return everything that the viewer shows of a report: each table, and the pages of its first rows."""
    shown: list[str] = []

    async def steps(at: Walk) -> None:
        for table in "1234":
            await at.press(table)
            shown.append(at.screen)
            for _ in range(min(hosts, at.app._rows.__len__())):
                shown.append(await at.press("enter"))
                await at.press("escape", "down")
        shown.append(await at.press("5"))

    walk(Viewer(ReportSource(report, "[bold]logs[/bold]", [], Site())), (200, 200), steps)
    return "\n".join(shown)


def test_every_text_is_shown_as_it_is() -> None:
    shown = tables_and_pages(hostile(_reports.full(), "".join(TEXTS), REFERENCES))
    for text in TEXTS:
        assert plain(text) in shown
    assert "[bold]logs[/bold]" in shown
    assert all(char.isprintable() or char == "\n" for char in shown)


def test_a_transcript_is_text() -> None:
    said = "S 250 [red]ok[/red] \x1b[2J\u202e"

    class Stubborn(ReportSource):
        def transcript(self, uid: str) -> str:
            return f"{uid} {said}"

    async def steps(at: Walk) -> None:
        screen = await at.press("t")
        assert isinstance(at.app.screen, TranscriptScreen)
        assert plain(said) in screen

    walk(Viewer(Stubborn(_reports.full(), "x", [], Site())), (200, 50), steps)


def test_names_of_recorded_hostile_strings_stay_on_one_line() -> None:
    async def steps(at: Walk) -> None:
        await at.press("4")
        rows = at.app._rows
        assert len(rows) >= len(_reports.HOSTILE) - 1
        cells = list(_cells(at))
        assert all("\n" not in cell.plain and not cell.spans for cell in cells)

    walk(Viewer(ReportSource(_reports.full(), "x", [], Site())), (200, 50), steps)


def _cells(at: Walk) -> Iterator[Text]:
    from textual.widgets import DataTable

    table = at.app.query_one(DataTable)
    for row in range(table.row_count):
        yield from table.get_row_at(row)


def test_a_long_reply_does_not_begin_a_line_of_the_transcript() -> None:
    forged = f"  18:29:36.052935   +0.048827  C X\n{' ' * 31}S 250 {'x ' * 60}18:29:36.1 C RCPT TO:<a@b>"

    class Long(ReportSource):
        def transcript(self, uid: str) -> str:
            return forged

    async def steps(at: Walk) -> None:
        lines = (await at.press("t")).splitlines()[:-2]
        assert sum(line.startswith(" " * 33) or not line for line in lines) == len(lines) - 2

    walk(Viewer(Long(_reports.full(), "x", [], Site())), (80, 24), steps)
