"""The viewer: one table at a time, a search above it, and everything else one key away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import ClassVar
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Footer, Input, Static

from zeeksmtp.errors import ZeekSmtpError
from zeeksmtp.model import Severity, View
from zeeksmtp.rendering import phrases
from zeeksmtp.rendering.console import STYLES, text
from zeeksmtp.report.entries import Entry
from zeeksmtp.report.query import Clock, Query, parse
from zeeksmtp.viewer import pages
from zeeksmtp.viewer.screens import Decision, DecisionScreen, PageScreen, TranscriptScreen
from zeeksmtp.viewer.source import StateSource, ViewSource
from zeeksmtp.viewer.tables import TABLES, Cell, TableRow, ViewTable, cell_text

MAX_ROWS = 2_000
"""Rows of a table that are shown; a search finds the others."""
SEARCH_HINT = "/ to search: client:10.20. severity:>=high since:24h"
TABLE_ACTIONS = frozenset({"table", "search", "clear", "sort", "reverse"})
DECISIONS = frozenset({"acknowledge", "suppress", "undo"})


class Viewer(App[None]):
    """The program. `show` is the command that shows an entry outside, as in `View`."""

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "viewer.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"table({n - 1})", table.name, show=False) for n, table in enumerate(TABLES, 1)),
        Binding("slash", "search", "Search"),
        Binding("escape", "clear", "Clear", show=False),
        Binding("o", "sort", "Sort"),
        Binding("O", "reverse", "Reverse", show=False),
        Binding("t", "transcript", "Transcript"),
        Binding("a", "acknowledge", "Ack"),
        Binding("x", "suppress", "Suppress"),
        Binding("u", "undo", "Undo"),
        Binding("r", "reload", "Reload", show=False),
        Binding("question_mark", "help", "Help"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(
        self, source: ViewSource, *, search: str = "", timezone: str = "UTC", show: str = "zeeksmtp show"
    ) -> None:
        # The terminal's own colours: they fit a light and a dark one, an old one, and none at all (NO_COLOR).
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.source = source
        self._zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
        self._show = show
        self._search = search
        self._query = parse(search, Clock(self._zone))
        self._snapshot = source.load()
        self._table = 0
        self._column: int | None = None
        self._down = False
        self._columns: list[int] = []
        self._rows: list[TableRow] = []

    def compose(self) -> ComposeResult:
        """Yield the widgets."""
        yield Static("", id="head", markup=False)
        yield Static("", id="tabs", markup=False)
        yield Input(self._search, placeholder=SEARCH_HINT, id="search", compact=True)
        yield DataTable(id="table", cursor_type="row")
        yield Static("", id="status", markup=False)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Show the first table."""
        self._fill()
        self.query_one(DataTable).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - of textual
        """Return whether a key means anything here: decisions need a state, and most keys are about the table."""
        if action in DECISIONS and (not self.source.can_decide or isinstance(self.screen, TranscriptScreen)):
            return False
        return action not in TABLE_ACTIONS or len(self.screen_stack) <= 1

    @property
    def _view(self) -> ViewTable:
        return TABLES[self._table]

    def _fill(self) -> None:
        """Show the rows of the table that the search leaves."""
        table: DataTable[Text] = self.screen_stack[0].query_one("#table", DataTable)
        at = self._rows[table.cursor_row].key if self._rows and table.cursor_row < len(self._rows) else ""
        found = self._view.select(self._snapshot, self._query, self._column, down=self._down)
        self._rows = found[:MAX_ROWS]
        table.clear(columns=True)
        self._columns = [n for n, _ in enumerate(self._view.columns) if n == self._column or self._is_filled(n)]
        table.add_columns(*map(self._heading, self._columns))
        table.add_rows([_cell(row.cells[n]) for n in self._columns] for row in self._rows)
        table.move_cursor(row=next((n for n, row in enumerate(self._rows) if row.key == at), 0))
        for where, what in (
            ("#head", self._head()),
            ("#tabs", self._tabs()),
            ("#status", text(self._counted(len(found)))),
        ):
            self.screen_stack[0].query_one(where, Static).update(what)

    def _is_filled(self, column: int) -> bool:
        return not self._rows or any(row.cells[column] is not None for row in self._rows)

    def _heading(self, column: int) -> Text:
        sign = "" if column != self._column else " v" if self._down else " ^"
        return Text(self._view.columns[column] + sign)

    def _head(self) -> Text:
        return text(f"zeeksmtp  {self.source.title}", "bold")

    def _tabs(self) -> Text:
        line = Text()
        for number, table in enumerate(TABLES):
            line.append(f" {number + 1} {table.name} ", "bold reverse" if number == self._table else "")
        return line

    def _counted(self, found: int) -> str:
        whole = found if self._query == Query() else len(self._view.select(self._snapshot, Query()))
        shown = f"; the first {MAX_ROWS:,} are shown" if found > MAX_ROWS else ""
        return f"{found:,} of {whole:,} {self._view.name.lower()}{shown}"

    def _say(self, line: str) -> None:
        self.screen.query_one("#status", Static).update(text(line))

    def action_table(self, number: int) -> None:
        """Show another table."""
        self._table, self._column, self._down = number, None, False
        self._rows = []
        self._fill()

    def action_search(self) -> None:
        """Go to the search line."""
        self.query_one("#search", Input).focus()

    def action_clear(self) -> None:
        """Leave the search line; in the table, end the search."""
        search = self.query_one("#search", Input)
        if not search.has_focus:
            search.value = ""
        self._searched(search.value if not search.has_focus else self._search)
        self.query_one(DataTable).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Search, and go to the table; what is wrong with the search is said below."""
        if event.input.id == "search" and self._searched(event.value):
            self.query_one(DataTable).focus()

    def _searched(self, said: str) -> bool:
        try:
            self._query = parse(said, Clock(self._zone))
        except ZeekSmtpError as error:
            self._say(str(error))
            return False
        self._search = self.query_one("#search", Input).value = said
        self._fill()
        return True

    def action_sort(self) -> None:
        """Sort by the next column; after the last one, as the table comes."""
        self._column = next((n for n in self._columns if self._column is None or n > self._column), None)
        self._fill()

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """Sort by the column whose head was clicked; in the other direction when it is clicked again."""
        column = self._columns[event.column_index]
        self._down = not self._down if self._column == column else False
        self._column = column
        self._fill()

    def action_reverse(self) -> None:
        """Sort in the other direction."""
        self._down = not self._down
        self._fill()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the row."""
        row = self._rows[event.cursor_row]
        pages_by_table: dict[str, Callable[[str], None]] = {
            "Hosts": lambda host: self._open(lambda: pages.host_page(host, self._snapshot)),
            "Accounts": lambda account: self._open(lambda: pages.account_page(account, self._snapshot)),
            "Sessions": lambda _: self.action_transcript(),
        }
        pages_by_table.get(self._view.name, self._open_entry)(row.key)

    def _open(self, render: Callable[[], RenderableType], entry: Entry | None = None) -> None:
        self.push_screen(PageScreen(render, entry))

    def _open_entry(self, id_: str) -> None:
        def render() -> RenderableType:
            entry = self._snapshot.find(id_)
            view = View(show=self._show)
            return pages.entry_page(entry, self._snapshot, view) if entry else text(f"{id_} is not remembered any more")

        self._open(render, self._snapshot.find(id_))

    def _entry(self) -> Entry | None:
        """Return the incident or finding that is open, or that the cursor is on."""
        if isinstance(self.screen, PageScreen):
            return self.screen.entry and self._snapshot.find(self.screen.entry.id)
        return self._snapshot.find(row.key) if (row := self._row()) else None

    def _row(self) -> TableRow | None:
        at = self.query_one(DataTable).cursor_row
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def action_transcript(self) -> None:
        """Show the sessions behind what is open or under the cursor."""
        if uids := self._uids():
            self.push_screen(TranscriptScreen(uids, self.source.transcript))
        else:
            self._say("no session is known of it")

    def _uids(self) -> Sequence[str]:
        row = self._row()
        if len(self.screen_stack) == 1 and self._view.name == "Sessions" and row:
            here = [one.key for one in self._rows]
            return here[here.index(row.key) :] + here[: here.index(row.key)]
        entry = self._entry()
        return entry.uids if entry else ()

    def action_acknowledge(self) -> None:
        """Acknowledge an incident or a finding."""
        self._decide("Acknowledge", self._acknowledged, can_expire=False)

    def action_suppress(self) -> None:
        """Suppress an incident or a finding."""
        self._decide("Suppress", self._suppressed, can_expire=True)

    def _decide(self, verb: str, decided: Callable[[StateSource, Entry, Decision], str], *, can_expire: bool) -> None:
        source, entry = self.source, self._entry()
        if entry is None:
            self._say("choose an incident or a finding")
        elif isinstance(source, StateSource):
            title = Text.assemble((f"{verb}: ", "bold"), text(phrases.title(entry)))

            def act(decision: Decision | None) -> None:
                if decision is not None:
                    self._change(lambda: decided(source, entry, decision))

            self.push_screen(DecisionScreen(title, can_expire=can_expire), act)

    @staticmethod
    def _acknowledged(source: StateSource, entry: Entry, decision: Decision) -> str:
        return (
            f"acknowledged: {phrases.counted(source.acknowledge(entry, decision.reason), 'finding')}; u takes it back"
        )

    @staticmethod
    def _suppressed(source: StateSource, entry: Entry, decision: Decision) -> str:
        number = source.suppress(entry, decision.reason, decision.expires)
        return f"suppressed: {phrases.counted(number, 'finding')}; u takes it back"

    def action_undo(self) -> None:
        """Take the last decision of this run back."""
        source = self.source
        if isinstance(source, StateSource):
            self._change(lambda: "the last decision was taken back" if source.undo() else "nothing to take back")

    def action_reload(self) -> None:
        """Read the state anew."""
        self._change(lambda: "read anew")

    def _change(self, change: Callable[[], str]) -> None:
        """Change the state, show it as it is then, and say what was done or what failed."""
        try:
            said = change()
            self._snapshot = self.source.load()
        except ZeekSmtpError as error:
            said = str(error)
        self._fill()
        if isinstance(self.screen, PageScreen):
            self.screen.refresh_page()
        self._say(said)

    def action_help(self) -> None:
        """Show the keys and the search language."""
        self._open(pages.help_page)


def _cell(cell: Cell) -> Text:
    shown = text(cell_text(cell), STYLES[cell] if isinstance(cell, Severity) else "")
    shown.justify = "right" if isinstance(cell, int) else "left"
    shown.no_wrap = True
    return shown
