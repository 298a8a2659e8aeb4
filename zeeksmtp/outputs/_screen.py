"""The first screen: what happened, one or two lines each; what to change; what could be seen; where to go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from zeeksmtp.escaping import plain
from zeeksmtp.model import Finding, Incident, Report, Severity, View
from zeeksmtp.outputs import _coverage
from zeeksmtp.rendering import phrases, sentences
from zeeksmtp.rendering.commands import show_command
from zeeksmtp.rendering.console import STYLES, badge, command, text
from zeeksmtp.rendering.incident_text import next_step
from zeeksmtp.report.entries import Entry, entries, other_findings

MAX_INCIDENTS, MAX_FINDINGS = 20, 3
"""Incidents, and findings in no incident, that have a line."""
DETAIL_LINES = ((4, 2), (6, 1))
"""With so many incidents, at most, each of them has so many lines below its title; of more, the first six have one."""
MAX_ACCOUNTS, MAX_PASSWORD_LINES = 12, 2
MAX_ACTORS = 2
"""Clients, servers and accounts, of each, that an incident names."""
_INDENT = 12
"""Columns of number and severity."""


def screen(report: Report, view: View, console: Console) -> Iterable[RenderableType]:
    """Yield the parts of the first screen."""
    yield from head(report)
    yield from _entries(report, console)
    yield Text()
    due = len(report.credentials_to_change)
    label = f"Passwords to change ({due:,})" if due else "Passwords to change"
    yield from _folded(label, sentences.passwords(report, MAX_ACCOUNTS), MAX_PASSWORD_LINES, console)
    yield from _visibility(report, console)
    if report.incidents or other_findings(report):
        yield from (Text(), command(f"next: {show_command(view, 1)}"))


def head(report: Report, details: str = "--full lists them") -> Iterable[RenderableType]:
    """Yield the span of time, the verdict, and whether anything went wrong, with `details` where to read more."""
    when = f"{phrases.span(report.window.first, report.window.last)} UTC" if report.window else "no rows"
    yield Text.assemble(("zeeksmtp", "bold"), "  ", text(when, "dim"))
    gravest = max((entry.severity for entry in entries(report)), key=_rank, default=None)
    yield text(sentences.verdict(report), STYLES[gravest] if gravest else "bold")
    if report.coverage.unknown_site:
        yield text(report.coverage.unknown_site, "bold yellow")
    if report.errors:
        yield text(f"Degraded: {phrases.counted(len(report.errors), 'problem')}; {details}.", "bold yellow")


def _rank(severity: Severity) -> int:
    return severity.rank


def _entries(report: Report, console: Console) -> Iterable[RenderableType]:
    incidents, others = report.incidents, _listed(report)
    if incidents or others:
        yield Text()
    lines = next((lines for most, lines in DETAIL_LINES if len(incidents) <= most), 1)
    for number, incident in enumerate(incidents[:MAX_INCIDENTS], 1):
        yield from _entry(number, incident, console)
        if number <= DETAIL_LINES[-1][0]:
            detail = _detail(incident, report, lines * (console.width - _INDENT))
            yield from _cut(Text(" " * _INDENT).append_text(detail), lines, console)
    if len(incidents) > MAX_INCIDENTS:
        yield from _cut(_more(len(incidents) - MAX_INCIDENTS, "incident"), 1, console)
    for number, finding in enumerate(others, len(incidents) + 1):
        yield from _entry(number, finding, console)
    if rest := len(other_findings(report)) - len(others):
        severities = sentences.counts(other_findings(report)[len(others) :])
        yield from _cut(_more(rest, "finding", severities), 1, console)


def _listed(report: Report) -> Sequence[Finding]:
    """Return the findings of no incident that have a line: the grave ones; where nothing is grave, the first."""
    others = other_findings(report)
    grave = [finding for finding in others if finding.severity.rank >= Severity.MEDIUM.rank]
    return (grave if grave or report.incidents else others)[:MAX_FINDINGS]


def _entry(number: int, entry: Entry, console: Console) -> Iterable[RenderableType]:
    state = f" ({entry.state})" if entry.state else ""
    title = Text.assemble(f"{number:>2} ", badge(entry.severity), " ", text(phrases.title(entry) + state, "bold"))
    yield from _cut(title, 1, console)


def _detail(incident: Incident, report: Report, columns: int) -> Text:
    """Return when, what came of it, who (where the title does not say it), and what to do next.

    What does not fit into two thirds of the columns is left out: the rest is for the next step.
    """
    window = report.window
    one_day = window is not None and window.first.date() == window.last.date()
    named = any(name in incident.title for name in (*incident.clients, *incident.servers, *incident.accounts) if name)
    said = phrases.brief_span(incident.first, incident.last, with_day=not one_day)
    for part in (incident.outcome.rstrip("."), "" if named else phrases.who(incident, MAX_ACTORS)):
        longer = f"{said}. {plain(part)}"
        said = longer if part and len(longer) <= columns * 2 // 3 else said
    return Text.assemble(text(f"{said}. ", "dim"), ("Next: ", "bold"), text(next_step(incident)))


def _cut(line: Text, most: int, console: Console) -> Iterable[RenderableType]:
    """Yield at most so many lines of a text, wrapped with a hanging indent; the last ends with `…` if more follow."""
    indent = Text(" " * _INDENT)
    wrapped = line[_INDENT:].wrap(console, max(console.width - _INDENT, _INDENT))
    shown = list(wrapped[:most])
    if len(wrapped) > most:
        _ellipsis(shown[-1], console.width - _INDENT)
    for number, part in enumerate(shown):
        yield Text.assemble(indent if number else line[:_INDENT], part, no_wrap=True, overflow="ellipsis")


def _ellipsis(line: Text, columns: int) -> None:
    """End a line of at most so many columns with `…`, after a whole word if it has several."""
    line.rstrip()
    if line.cell_len >= columns:
        begin, _, _ = line.plain.rpartition(" ")
        line.truncate(len(begin) if begin.strip() else columns - 1)
    line.append("…")


def _more(number: int, word: str, severities: str = "") -> Text:
    of_them = f": {severities}" if severities else ""
    return text(f"{'':<{_INDENT}}--full lists {phrases.counted(number, f'more {word}')}{of_them}", "dim")


def _folded(label: str, raw: str, most: int, console: Console) -> Iterable[RenderableType]:
    """Yield a label and at most so many lines of text."""
    whole = Text.assemble((f"{label}: ", "bold"), text(raw))
    wrapped = whole.wrap(console, console.width)
    if len(wrapped) > most:
        _ellipsis(wrapped[most - 1], console.width)
    yield from wrapped[:most]


def _visibility(report: Report, console: Console) -> Iterable[RenderableType]:
    """Yield a few lines: which logs were read, what detectors can do with them, and what the others would add."""
    yield from _folded("Visibility", sentences.logs(report), 2, console)
    if able := _coverage.abilities(report):
        yield from _folded("Detectors", "; ".join([able, *_coverage.gains(report)]), 2, console)
    if notes := report.coverage.notes:
        yield from _folded(f"Limits ({len(notes):,})", "; ".join(notes), 1, console)
