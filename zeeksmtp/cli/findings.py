"""Findings of scheduled passes: list them, show one, acknowledge or suppress them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from zeeksmtp.cli import _lifecycle
from zeeksmtp.cli._lifecycle import LifecycleKind
from zeeksmtp.cli._remembered import finding_json
from zeeksmtp.model import Finding
from zeeksmtp.report.filters import Filter

if TYPE_CHECKING:
    from zeeksmtp.state.memory import Memory

_LIST = """List the findings of all passes, worst and newest first: state, severity, last event, count, id, title.

\b
Examples:
  zeeksmtp findings list --min-severity high
  zeeksmtp findings list --client 10.20.0.0/16 --state new --format json
"""
_SHOW = """Show one finding whole: what happened, the evidence, what to do, and whether it is acknowledged.

\b
Examples:
  zeeksmtp findings show ca7fef39
"""
_ACK = """Acknowledge findings: reports leave them out, unless they become more severe.

\b
Examples:
  zeeksmtp findings ack ca7fef39 b38dfdd6 --reason "password changed, ticket 4711"
  zeeksmtp findings ack --detector cleartext-mail --client 10.20.1.15 --reason "printer, replaced in May"
"""
_UNACK = """Withdraw acknowledgements: reports include the findings again.

\b
Examples:
  zeeksmtp findings unack ca7fef39
"""
_SUPPRESS = """Leave findings out of reports, as `[[suppress]]` in the config does, for good or up to a day.

\b
Examples:
  zeeksmtp findings suppress b38dfdd6 --reason "test server" --expires 2027-03-01
"""


class Findings(LifecycleKind):
    """Findings by id."""

    noun = "finding"

    def ids(self, memory: Memory) -> Iterable[str]:
        """Return all ids, worst and newest first."""
        return memory.findings

    def matches(self, memory: Memory, id_: str, wanted: Filter) -> bool:
        """Return whether the filter asks for a finding."""
        return wanted.matches(memory.findings[id_].finding)

    def members(self, memory: Memory, id_: str, *, symptoms: bool = False) -> list[str]:  # noqa: ARG002 - see `LifecycleKind`
        """Return the finding's own id."""
        return [id_]

    def title(self, memory: Memory, id_: str) -> str:
        """Return the title of a finding."""
        return memory.findings[id_].finding.title

    def line(self, memory: Memory, id_: str) -> str:
        """Return the line of a finding in the list."""
        f = memory.findings[id_].finding
        state = "suppressed" if id_ in memory.suppressions else f.state or ""
        return f"{state:<12}  {f.severity:<8}  {f.last:%Y-%m-%d %H:%M}  {f.count:>7,}  {id_}  {f.title}"

    def entry(self, memory: Memory, id_: str) -> Finding:
        """Return the finding itself."""
        return memory.findings[id_].finding

    def json(self, memory: Memory, id_: str) -> dict[str, Any]:
        """Return a finding as in a report, and what the state has besides."""
        return finding_json(memory.findings[id_], memory.suppressions.get(id_))


COMMAND = _lifecycle.commands(
    "findings", Findings(), {"list": _LIST, "show": _SHOW, "ack": _ACK, "unack": _UNACK, "suppress": _SUPPRESS}
)
