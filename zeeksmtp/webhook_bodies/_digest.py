"""A report for a chat: the subject, and a line for each incident, the most urgent first."""

from __future__ import annotations

from dataclasses import dataclass

from zeeksmtp.envelope import Envelope
from zeeksmtp.escaping import cut, plain
from zeeksmtp.model import Finding, Incident

MAX_LINES = 10
MAX_LINE_CHARACTERS = 280
MAX_TITLE_CHARACTERS = 140


@dataclass(frozen=True, slots=True)
class Digest:
    """A title and lines without a control character; markup in them is left to the body."""

    title: str
    lines: tuple[str, ...]


def digest_of(envelope: Envelope) -> Digest:
    """Return incidents, or findings where there is no incident, and how many more there are."""
    report = envelope.report()
    things: list[Incident | Finding] = [*report.incidents]
    if not things:
        things = [finding for finding in report.findings if finding.symptom_of is None]
    lines = [_line(thing) for thing in things[:MAX_LINES]]
    if len(things) > MAX_LINES:
        lines.append(f"{len(things) - MAX_LINES:,} more: `zeeksmtp incidents list`")
    return Digest(cut(plain(envelope.subject), MAX_TITLE_CHARACTERS) or "zeeksmtp report", tuple(lines))


def _line(thing: Incident | Finding) -> str:
    state = f" ({thing.state})" if thing.state else ""
    when = f"{thing.first:%Y-%m-%d %H:%M} to {thing.last:%Y-%m-%d %H:%M} UTC"
    end = f", {when}, id {thing.id[:8]}"
    return cut(f"{thing.severity.upper()}{state}: {plain(thing.title)}", MAX_LINE_CHARACTERS - len(end)) + end
