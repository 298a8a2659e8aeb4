"""What the text for a terminal is made of: escaped strings, badges, items, tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from zeeksmtp.escaping import cut, plain
from zeeksmtp.model import Severity
from zeeksmtp.rendering import phrases, sentences

PLAIN_COLUMNS = 100
"""Width of the text that goes to a file or a pipe."""
MAX_TABLE_ROWS = 10
MAX_ADDRESS_CHARACTERS = 39
STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "bold yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}


def console(width: int | None) -> Console:
    """Return a console that writes into memory; without a width its text depends on nothing but the report."""
    if width is None:
        return Console(file=StringIO(), width=PLAIN_COLUMNS, color_system=None, force_terminal=False, _environ={})
    return Console(file=StringIO(), width=width, force_terminal=True)


def printed(screen: Console, parts: Iterable[RenderableType]) -> str:
    """Return the parts as text, without blanks at the ends of lines."""
    # In one group, because each call takes a while before it prints; uncropped, because commands may be long.
    screen.print(Group(*parts), crop=False)
    file = screen.file
    assert isinstance(file, StringIO)  # noqa: S101 - for the type checker
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def text(raw: str, style: str = "") -> Text:
    """Return a string as text: escaped, bounded, and never read as rich's markup. Every string goes through here."""
    return Text(cut(plain(raw), phrases.TEXT_LIMIT), style)


def command(words: str, indent: int = 0) -> Text:
    """Return a command on one line, however long: a line that is broken cannot be copied."""
    return Text(" " * indent + plain(words), no_wrap=True, overflow="ignore")


def heading(raw: str) -> Iterable[RenderableType]:
    """Yield a heading with a blank line before it."""
    yield Text()
    yield text(raw, "bold underline")


def indented(thing: RenderableType, by: int = 4) -> Padding:
    """Return a thing with blanks before each of its lines."""
    return Padding(thing, (0, 0, 0, by))


def item(raw: str, style: str = "", by: int = 2, mark: str = "-") -> RenderableType:
    """Return an item of a list: a mark, and text with a hanging indent."""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text(mark, style, no_wrap=True), text(raw, style))
    return indented(grid, by)


def badge(severity: Severity) -> Text:
    """Return a severity in its colour, eight columns wide."""
    return Text(f"{severity:<8}", STYLES[severity])


def table(columns: Sequence[str]) -> Table:
    """Return an empty table; a column whose head starts with `#` holds numbers."""
    empty = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        empty.add_column(column.lstrip("#"), justify="right" if column.startswith("#") else "left", overflow="fold")
    return empty


def filled(empty: Table, rows: Sequence[tuple[str, ...]]) -> Table:
    """Return the table with rows."""
    for row in rows:
        empty.add_row(*(text(cell) for cell in row))
    # An address that is broken over two lines cannot be copied.
    longest = max(len(str(empty.columns[0].header)), *(len(plain(row[0])) for row in rows))
    empty.columns[0].width = longest if longest <= MAX_ADDRESS_CHARACTERS else None
    return empty


def rows_of(columns: Sequence[str], rows: Sequence[tuple[str, ...]], total: int = 0) -> Iterable[RenderableType]:
    """Yield a table of the first rows, what its signs mean, and how many rows of `total` are left out."""
    if not rows:
        return
    shown = rows[:MAX_TABLE_ROWS]
    yield indented(filled(table(columns), shown), 2)
    if any(phrases.UNKNOWN in row for row in shown):
        yield indented(text(sentences.LEGEND, "dim"), 2)
    more = max(total, len(rows)) - len(shown)
    if more:
        yield indented(text(f"and {more:,} more", "dim"), 2)
