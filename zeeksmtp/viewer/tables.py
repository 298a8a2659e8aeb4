"""The viewer's tables: which rows a search leaves, with what in each column. Cells are raw: the viewer escapes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from zeeksmtp.correlate.suppress import bare_account
from zeeksmtp.model import Finding, Severity
from zeeksmtp.rendering import phrases
from zeeksmtp.report.entries import Entry
from zeeksmtp.report.filters import is_same_account, is_within
from zeeksmtp.report.query import Query
from zeeksmtp.viewer.source import Snapshot

Cell = str | int | datetime | Severity | None


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: what opens it (`key`), a value for each column, and text that is searched but not shown."""

    key: str
    cells: tuple[Cell, ...]
    hidden: str = ""

    def matches(self, query: Query) -> bool:
        """Return whether the words of a search occur in the row."""
        return query.occurs_in(" ".join((*map(cell_text, self.cells), self.hidden)))


@dataclass(frozen=True, slots=True)
class ViewTable:
    """One table: its columns, and its rows for a search, most urgent first."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[Snapshot, Query], Iterable[TableRow]]

    def select(
        self, snapshot: Snapshot, query: Query, column: int | None = None, *, down: bool = False
    ) -> list[TableRow]:
        """Return the rows that match, by the values of a column or else as they come."""
        found = [row for row in self.rows(snapshot, query) if row.matches(query)]
        if column is not None:
            return sorted(found, key=lambda row: _order(row.cells[column]), reverse=down)
        return found[::-1] if down else found


def cell_text(cell: Cell) -> str:
    """Return a value as it is shown."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, int):
        return f"{cell:,}"
    return "" if cell is None else str(cell)


def _order(cell: Cell) -> tuple[int, Any]:
    """Return what to sort by: the column's values are of one type, or null, which comes first."""
    if cell is None:
        return (0, 0)
    if isinstance(cell, Severity):
        return (1, cell.rank)
    if isinstance(cell, datetime):
        return (1, cell.timestamp())
    return (1, cell) if isinstance(cell, int) else (2, *_address_order(cell))


def _address_order(text: str) -> tuple[Any, ...]:
    try:
        address = ip_address(text)
    except ValueError:
        return (9, 0, text.casefold())
    return (address.version, int(address), "")


def _incidents(snapshot: Snapshot, query: Query) -> Iterable[TableRow]:
    for incident in snapshot.entries.incidents:
        if query.wanted.matches_incident(incident, snapshot.members(incident)):
            state = snapshot.state_of(incident) or None
            cells = (incident.severity, incident.score, incident.last, state, phrases.title(incident))
            yield TableRow(incident.id, cells, _names(incident))


def _findings(snapshot: Snapshot, query: Query) -> Iterable[TableRow]:
    for finding in _matching(snapshot, query):
        state = snapshot.state_of(finding) or None
        cells = (finding.severity, finding.count, finding.last, state, phrases.title(finding), finding.detector)
        yield TableRow(finding.id, cells, f"{_names(finding)} {finding.summary}")


def _names(entry: Entry) -> str:
    return " ".join((entry.id, *entry.clients, *entry.servers, *entry.accounts, *entry.uids))


def _matching(snapshot: Snapshot, query: Query) -> list[Finding]:
    found = [finding for finding in snapshot.entries.findings if query.wanted.matches(finding)]
    return sorted(found, key=lambda finding: -finding.severity.rank)


def _grouped(findings: Sequence[Finding], names: Callable[[Finding], Iterable[str]]) -> Mapping[str, list[Finding]]:
    """Return the findings by each of their names, the gravest first."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        for name in dict.fromkeys(names(finding)):
            groups.setdefault(name, []).append(finding)
    return groups


def _hosts(snapshot: Snapshot, query: Query) -> Iterable[TableRow]:
    """Yield the hosts of the findings that match; if a side is searched for, only those that are searched for."""
    wanted = query.wanted
    sides = {"client": wanted.clients, "server": wanted.servers, "host": wanted.hosts}
    roles = {role.host: role.role for role in snapshot.report.roles} if snapshot.report else {}

    def hosts(finding: Finding) -> Iterable[str]:
        for side, named in (("client", finding.clients), ("server", finding.servers)):
            networks = [*sides[side], *sides["host"]]
            yield from (
                named if not any(sides.values()) else (h for h in named if any(is_within(h, n) for n in networks))
            )

    for host, findings in _grouped(_matching(snapshot, query), hosts).items():
        known = ", ".join(name.name for name in snapshot.entries.hosts.get(host, ()))
        last = max(finding.last for finding in findings)
        cells = (
            findings[0].severity,
            len(findings),
            last,
            host,
            roles.get(host),
            known or None,
            phrases.title(findings[0]),
        )
        yield TableRow(host, cells, " ".join(finding.title for finding in findings))


def _accounts(snapshot: Snapshot, query: Query) -> Iterable[TableRow]:
    wanted = query.wanted.accounts

    def accounts(finding: Finding) -> Iterable[str]:
        return (a for a in finding.accounts if not wanted or any(is_same_account(a, one) for one in wanted))

    for account, findings in _grouped(_matching(snapshot, query), accounts).items():
        last = max(finding.last for finding in findings)
        cells = (findings[0].severity, len(findings), last, account, phrases.title(findings[0]))
        yield TableRow(account, cells, f"{bare_account(account)} " + " ".join(finding.title for finding in findings))


def _sessions(snapshot: Snapshot, query: Query) -> Iterable[TableRow]:
    for uid, findings in _grouped(_matching(snapshot, query), lambda finding: finding.uids).items():
        first = findings[0]
        yield TableRow(uid, (first.severity, uid, phrases.who(first, 1), phrases.title(first)), _names(first))


TABLES: tuple[ViewTable, ...] = (
    ViewTable("Incidents", ("severity", "score", "last event", "state", "title"), _incidents),
    ViewTable("Findings", ("severity", "count", "last event", "state", "title", "detector"), _findings),
    ViewTable("Hosts", ("severity", "findings", "last event", "host", "role", "names", "gravest finding"), _hosts),
    ViewTable("Accounts", ("severity", "findings", "last event", "account", "gravest finding"), _accounts),
    ViewTable("Sessions", ("severity", "uid", "parties of the finding", "finding"), _sessions),
)
