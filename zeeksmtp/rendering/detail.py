"""One incident or finding in full, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from zeeksmtp.model import Finding, Incident, View
from zeeksmtp.rendering import incident_text, phrases
from zeeksmtp.rendering.commands import entity_command, session_command
from zeeksmtp.rendering.console import badge, command, indented, item, text
from zeeksmtp.rendering.pseudonym_names import is_address
from zeeksmtp.report.entries import Entry, EntrySource

_ACTIONS: tuple[tuple[str, Literal["site", "outside"]], ...] = (("What to do", "site"), ("Whom to tell", "outside"))


def detail(entry: Entry, report: EntrySource, view: View, number: int | None = None) -> Iterable[RenderableType]:
    """Yield an incident or a finding with its evidence and the sessions behind it."""
    mark = "" if number is None else f"{number:>2} "
    yield Text.assemble(mark, badge(entry.severity), " ", text(phrases.title(entry), "bold"))
    yield from _incident(entry, report) if isinstance(entry, Incident) else _finding(entry, report)
    yield from _sessions(entry, view)


def _incident(incident: Incident, report: EntrySource) -> Iterable[RenderableType]:
    for label, owner in _ACTIONS:
        if steps := incident_text.actions(incident, owner):
            yield indented(text(label, "bold"))
            yield from (item(step, by=6) for step in steps)
    yield indented(_grid(incident_text.facts(incident, report)))
    yield indented(text("Timeline", "bold"))
    yield from (item(said, by=6, mark=when) for when, said in incident_text.timeline(incident, report))
    yield from _settings(incident)
    if members := incident_text.members(incident, report):
        yield indented(text("Evidence", "bold"))
        yield from (part for finding in members for part in _evidence(finding))
    if lists := incident_text.long_lists(incident):
        yield indented(_grid(lists))


def _grid(pairs: Iterable[tuple[str, str]]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for label, value in pairs:
        grid.add_row(text(label, "dim"), text(value))
    return grid


def _settings(entry: Entry) -> Iterable[RenderableType]:
    """Yield ready settings, each line on a line of its own: what is broken over two cannot be copied."""
    if entry.settings:
        yield indented(text("Settings to copy (nothing is applied)", "bold"))
    for settings in entry.settings:
        yield item(incident_text.heading(settings), by=6)
        yield from (command(line, 10) for line in settings.lines)
        yield indented(text(f"check: {settings.check}", "dim"), 8)


def _evidence(finding: Finding) -> Iterable[RenderableType]:
    title = Text.assemble(badge(finding.severity), " ", text(phrases.title(finding)), text(f"  {finding.id}", "dim"))
    yield indented(title, 6)
    yield from (item(line, "dim", 8) for line in incident_text.proof(finding))


def _finding(finding: Finding, report: EntrySource) -> Iterable[RenderableType]:
    yield indented(
        text(f"{phrases.who(finding, incident_text.MAX_LISTED)}; {phrases.span(finding.first, finding.last)} UTC")
    )
    yield indented(text(phrases.summary(finding)))
    if finding.action:
        yield indented(Text.assemble(("Do: ", "bold"), text(phrases.action(finding))))
    yield from _settings(finding)
    yield from (item(line, "dim", 4) for line in (*incident_text.proof(finding), f"id {finding.id}"))
    if names := incident_text.host_names(finding, report):
        yield item(f"host names: {names}", "dim", 4)
    if finding.symptom_of:
        yield indented(text(f"Symptom of incident {finding.symptom_of}.", "dim"))


def _sessions(entry: Entry, view: View) -> Iterable[RenderableType]:
    if entry.uids:
        yield indented(Text.assemble(("Sessions: ", "bold"), text(phrases.names(entry.uids, incident_text.MAX_LISTED))))
        yield command(session_command(view, entry.uids[0]), 4)
    if entry.clients and is_address(entry.clients[0]):  # a pseudonym is none
        yield command(entity_command(view, "host", entry.clients[0]), 4)
