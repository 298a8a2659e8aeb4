"""Terminal: for a person. The first screen by default; with `full`, each incident and finding, and every table."""

from __future__ import annotations

from collections.abc import Iterable

from rich.columns import Columns
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from zeeksmtp.model import Output, Report, Severity, View
from zeeksmtp.outputs import _coverage, _sums
from zeeksmtp.outputs._screen import head, screen
from zeeksmtp.rendering import phrases, sentences
from zeeksmtp.rendering.console import (
    MAX_TABLE_ROWS,
    badge,
    console,
    filled,
    heading,
    indented,
    item,
    printed,
    rows_of,
    table,
    text,
)
from zeeksmtp.rendering.detail import detail
from zeeksmtp.report.entries import Entry, EntrySource, other_findings


def render(report: Report, view: View) -> str:
    """Render the first screen of `report`, or all of it."""
    on = console(view.width)
    return printed(on, _full(report, view) if view.full else screen(report, view, on))


def render_entry(entry: Entry, report: EntrySource, view: View) -> str:
    """Render one incident or finding of `report` in full."""
    return printed(console(view.width), detail(entry, report, view))


def _full(report: Report, view: View) -> Iterable[RenderableType]:
    yield from head(report, "see Data")
    yield from _incidents(report, view)
    yield from _findings(report, view)
    yield from _passwords(report)
    yield from _posture(report)
    yield from _volumes(report)
    yield from _mail(report)
    yield from _roles(report)
    yield from _visibility(report)
    yield from _data(report)


def _incidents(report: Report, view: View) -> Iterable[RenderableType]:
    if report.incidents:
        yield from heading("Incidents")
    for number, incident in enumerate(report.incidents, 1):
        yield from [Text()] * (number > 1)
        yield from detail(incident, report, view, number)


def _findings(report: Report, view: View) -> Iterable[RenderableType]:
    """Yield the findings that no incident has: the grave ones in full, of the others a line each."""
    others = other_findings(report)
    if others:
        yield from heading("Other findings" if report.incidents else "Findings")
    minor = Table.grid(padding=(0, 1))
    for number, finding in enumerate(others, len(report.incidents) + 1):
        if finding.severity.rank >= Severity.MEDIUM.rank:
            yield from detail(finding, report, view, number)
            yield Text()
        else:
            said = Text.assemble(text(phrases.headline(finding)), text(f"  {finding.id}", "dim"))
            minor.add_row(f"{number:>2}", badge(finding.severity), said)
    yield minor


def _passwords(report: Report) -> Iterable[RenderableType]:
    yield from heading("Passwords to change")
    if rows := sentences.password_rows(report):
        yield indented(filled(table(sentences.PASSWORD_COLUMNS), rows), 2)
    else:
        yield indented(text(sentences.no_passwords(report)), 2)


def _posture(report: Report) -> Iterable[RenderableType]:
    yield from heading("Posture")
    yield indented(text(sentences.encryption(report)), 2)
    yield from rows_of(sentences.SERVER_COLUMNS, sentences.servers(report))
    yield from (item(line) for line in sentences.tls(report, MAX_TABLE_ROWS))
    posture = report.posture
    for columns, rows, total in (
        (sentences.CLIENT_COLUMNS, sentences.clients(report), posture.clients.total),
        (sentences.PAIR_COLUMNS, sentences.pairs(report), posture.pairs.total),
    ):
        yield from [Text()] * bool(rows)
        yield from rows_of(columns, rows, total)
    if legacy := sentences.legacy_auth(report):
        yield from heading(sentences.LEGACY_AUTH_TITLE)
        yield from rows_of(sentences.LEGACY_AUTH_COLUMNS, legacy, posture.legacy_auth.total)


def _volumes(report: Report) -> Iterable[RenderableType]:
    yield from heading("Busiest hours")
    if rows := sentences.volumes(report):
        yield from rows_of(sentences.VOLUME_COLUMNS, rows)
    else:
        yield indented(text(sentences.no_volumes(report)), 2)


def _mail(report: Report) -> Iterable[RenderableType]:
    """Yield the lists, beside each other where they fit."""
    yield from heading(_sums.TITLE)
    yield from (indented(text(line), 2) for line in _sums.messages(report))
    if tables := [filled(table(columns), rows) for columns, rows in _sums.tables(report)]:
        yield from (Text(), indented(Columns(tables, padding=(1, 3)), 2), Text())
    if basis := _sums.refused(report):
        yield indented(text(basis), 2)


def _roles(report: Report) -> Iterable[RenderableType]:
    if report.roles:
        yield from heading("Roles")
        yield from rows_of(("host", "role", "why"), [(r.host, r.role, r.reason) for r in report.roles])


def _visibility(report: Report) -> Iterable[RenderableType]:
    yield from heading("Visibility")
    yield indented(text(f"{sentences.seen(report).capitalize()}."), 2)
    yield from (item(note) for note in report.coverage.notes)
    if able := _coverage.abilities(report):
        yield indented(text(f"Detectors: {able}."), 2)
        yield from (item(gain) for gain in _coverage.gains(report))
        yield indented(filled(table(_coverage.COLUMNS), _coverage.rows(report)), 2)
    yield indented(text(sentences.chances(report), "dim"), 2)


def _data(report: Report) -> Iterable[RenderableType]:
    yield from heading("Data")
    yield indented(text(sentences.lines(report)), 2)
    yield from (item(trouble, "yellow") for trouble in sentences.troubles(report))


OUTPUT = Output("terminal", "for a person at a terminal; plain text when it goes to a file or a pipe", render)
