"""Incidents of scheduled passes: list them, show one, acknowledge or suppress them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from zeeksmtp.cli import _lifecycle
from zeeksmtp.cli._lifecycle import LifecycleKind
from zeeksmtp.model import Incident
from zeeksmtp.report.filters import Filter

if TYPE_CHECKING:
    from zeeksmtp.state.memory import Memory

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


class Incidents(LifecycleKind):
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
        """Return the ids of the incident's findings, with `symptoms` theirs as well."""
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

    def entry(self, memory: Memory, id_: str) -> Incident:
        """Return the incident itself."""
        return memory.incidents[id_].incident

    def json(self, memory: Memory, id_: str) -> dict[str, Any]:
        """Return an incident as in a report, and what the state has besides."""
        known = memory.incidents[id_]
        more = {"last_pass": known.last_pass, "suppressed": self._is_suppressed(memory, known.incident)}
        return known.incident.model_dump(mode="json") | more

    @staticmethod
    def _is_suppressed(memory: Memory, incident: Incident) -> bool:
        return set(incident.findings) <= memory.suppressions.keys()


COMMAND = _lifecycle.commands(
    "incidents", Incidents(), {"list": _LIST, "show": _SHOW, "ack": _ACK, "unack": _UNACK, "suppress": _SUPPRESS}
)
