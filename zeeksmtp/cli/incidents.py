"""Incidents of scheduled passes: list them, show one, acknowledge or suppress them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from zeeksmtp.cli import _lifecycle
from zeeksmtp.cli._lifecycle import Kind, with_help
from zeeksmtp.cli._remembered import Memory, finding_lines
from zeeksmtp.model import Command, Incident
from zeeksmtp.report.filters import Filter

_LIST = """List the incidents of all passes, worst and newest first: state, severity, score, last event, id, title.

\b
Examples:
  zeeksmtp incidents list
  zeeksmtp incidents list --state new --since 2026-11-22 --format json
"""
_SHOW = """Show one incident whole: outcome, timeline, findings with evidence, what to do, and its sessions.

\b
Examples:
  zeeksmtp incidents show 00c4be91
"""
_ACK = """Acknowledge incidents with their findings: reports leave them out, unless they become more severe.

\b
Examples:
  zeeksmtp incidents ack 00c4be91 --reason "host reinstalled, ticket 4711"
  zeeksmtp incidents ack --client 203.0.113.0/24 --reason "blocked at the firewall"
"""
_UNACK = """Withdraw the acknowledgements of incidents and their findings: reports include them again.

\b
Examples:
  zeeksmtp incidents unack 00c4be91
"""
_SUPPRESS = """Leave the findings of incidents out of reports, for good or up to a day.

\b
Examples:
  zeeksmtp incidents suppress 00c4be91 --reason "penetration test" --expires 2027-03-01
"""


class Incidents(Kind):
    """Incidents by id."""

    noun = "incident"

    def ids(self, memory: Memory) -> Iterable[str]:
        """Return all ids, worst and newest first."""
        return memory.incidents

    def matches(self, memory: Memory, id_: str, wanted: Filter) -> bool:
        """Return whether the filter asks for an incident."""
        incident = memory.incidents[id_].incident
        return wanted.matches_incident(incident, [known.finding for known in memory.members(incident)])

    def members(self, memory: Memory, id_: str, *, symptoms: bool = False) -> list[str]:
        """Return the ids of the incident's findings, those of its symptoms as well if asked."""
        incident = memory.incidents[id_].incident
        findings = memory.members(incident) + (memory.symptoms(incident) if symptoms else [])
        return [known.finding.id for known in findings]

    def title(self, memory: Memory, id_: str) -> str:
        """Return the title of an incident."""
        return memory.incidents[id_].incident.title

    def line(self, memory: Memory, id_: str) -> str:
        """Return the line of an incident in the list."""
        i = memory.incidents[id_].incident
        state = "suppressed" if self._is_suppressed(memory, i) else i.state or ""
        return f"{state:<12}  {i.severity:<8}  {i.score:>3}  {i.last:%Y-%m-%d %H:%M}  {id_}  {i.title}"

    def page(self, memory: Memory, id_: str, log_dir: Path | None) -> Iterator[str]:
        """Yield all that is known of an incident."""
        incident = memory.incidents[id_].incident
        yield from _head(incident)
        yield from ["", "Timeline"]
        yield from (f"  {e.time:%Y-%m-%d %H:%M:%S}  {e.text}  ({e.finding})" for e in incident.timeline)
        yield from ["", "Findings"]
        for known in memory.members(incident):
            lines = finding_lines(known, memory.suppressions.get(known.finding.id))
            yield from (f"  {line}" for line in lines)
        for heading, owner in (("To do", "site"), ("Ask others", "outside")):
            if steps := [action.text for action in incident.actions if action.owner == owner]:
                yield from ["", heading, *(f"  {step}" for step in steps)]
        if incident.symptoms:
            yield from ["", "Symptoms", *(f"  {name}: {count:,}" for name, count in incident.symptoms.items())]
        if incident.uids:
            yield from ["", "Sessions", *(f"  {_session_line(uid, log_dir)}" for uid in incident.uids)]

    def json(self, memory: Memory, id_: str) -> dict[str, Any]:
        """Return an incident as in a report, and what the state has besides."""
        known = memory.incidents[id_]
        more = {"last_pass": known.last_pass, "suppressed": self._is_suppressed(memory, known.incident)}
        return known.incident.model_dump(mode="json") | more

    @staticmethod
    def _is_suppressed(memory: Memory, incident: Incident) -> bool:
        return set(incident.findings) <= memory.suppressions.keys()


def _head(incident: Incident) -> Iterator[str]:
    i = incident
    yield f"{i.title}  {i.id}"
    parts = ", ".join(f"{name} {points}" for name, points in i.score_parts.items())
    yield f"  {i.state}; {i.severity}, score {i.score} ({parts}); stages: {', '.join(i.stages) or 'none'}"
    yield f"  {i.first:%Y-%m-%d %H:%M:%S} to {i.last:%Y-%m-%d %H:%M:%S} UTC"
    if i.outcome:
        yield f"  {i.outcome}"
    for name, values in (("clients", i.clients), ("servers", i.servers), ("accounts", i.accounts)):
        if values:
            listed = ", ".join(value or '""' for value in values)
            yield f"  {name}: {listed}"
    if i.campaign is not None:
        yield f"  campaign: {i.campaign.technique}, {i.campaign.source_count:,} sources"
        yield f"  networks: {', '.join(i.campaign.networks)}"


def _session_line(uid: str, log_dir: Path | None) -> str:
    """Return a line to copy into a shell: a UID is logged text, and must not become a command."""
    return shlex.join(["zeeksmtp", "session", uid, "LOG_DIR" if log_dir is None else str(log_dir)])


_KIND = Incidents()
COMMAND = Command(
    "incidents",
    {
        "list": with_help(_lifecycle.list_command(_KIND), _LIST),
        "show": with_help(_lifecycle.show_command(_KIND), _SHOW),
        "ack": with_help(_lifecycle.ack_command(_KIND), _ACK),
        "unack": with_help(_lifecycle.unack_command(_KIND), _UNACK),
        "suppress": with_help(_lifecycle.suppress_command(_KIND), _SUPPRESS),
    },
)
