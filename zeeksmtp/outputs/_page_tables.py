"""Rows of the page's tables. Raw: the template escapes. A column whose head starts with `#` holds numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from zeeksmtp.model import InputFile, Report, ServerPosture, Severity
from zeeksmtp.outputs import _coverage, _sums
from zeeksmtp.rendering import sentences
from zeeksmtp.rendering.incident_text import named
from zeeksmtp.rendering.phrases import UNKNOWN, flag, span

Rows = tuple[tuple[str, ...], ...]

SHARE = "TLS share"
"""A column of percentages, drawn as bars."""
MAX_POSTURE_ROWS = 15
"""Rows of a table of servers, clients or pairs: the page shows the top, the export has every row."""

MAX_HOSTS = 50


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table with its caption; `total` counts all rows, where `rows` are the top."""

    caption: str
    columns: tuple[str, ...]
    rows: Rows
    total: int


def servers(report: Report) -> PageTable:
    """Return what server ports show of themselves: first those with a weakness, then by sessions."""
    columns = (
        *("server", "#port", "#sessions", SHARE, "TLS versions", "#weak TLS", "certificate until"),
        *("STARTTLS", "AUTH in clear", "VRFY", "EXPN"),
    )
    shows_tls = sentences.shows_tls(report)
    rows = tuple(_server(server, shows_tls=shows_tls) for server in sorted(report.posture.servers, key=_order))
    return PageTable("Servers", columns, rows[:MAX_POSTURE_ROWS], len(rows))


def _order(server: ServerPosture) -> tuple[bool, bool, int, str, int]:
    """The site's own come first: outside ones have no days."""
    weak = server.auth_offered_in_clear or server.answers_vrfy or server.answers_expn
    return not server.days, not weak, -server.sessions, server.server, server.port


def _server(server: ServerPosture, *, shows_tls: bool) -> tuple[str, ...]:
    versions = ", ".join(f"{version} {sessions:,}" for version, sessions in server.tls_versions.items())
    known = shows_tls and server.tls_sessions is not None and server.sessions
    share = f"{(server.tls_sessions or 0) / server.sessions:.0%}" if known else UNKNOWN
    unknown = UNKNOWN if server.tls_sessions or not known else ""
    flags = (server.starttls_offered, server.auth_offered_in_clear, server.answers_vrfy, server.answers_expn)
    weak = UNKNOWN if server.weak_tls is None else f"{server.weak_tls:,}"
    until = f"{server.certificate_expires:%Y-%m-%d}" if server.certificate_expires else UNKNOWN
    ends = (server.server, str(server.port), f"{server.sessions:,}", share)
    return (*ends, versions or unknown, weak, until, *map(flag, flags))


def clients(report: Report) -> PageTable:
    """Return the site's clients with most sessions in clear."""
    return _top("Clients", sentences.CLIENT_COLUMNS, sentences.clients(report), report.posture.clients.total)


def pairs(report: Report) -> PageTable:
    """Return the pairs of client and server port with most sessions in clear."""
    return _top("Pairs", sentences.PAIR_COLUMNS, sentences.pairs(report), report.posture.pairs.total)


def legacy_auth(report: Report) -> PageTable:
    """Return the hosts that hand mail to a provider by a method that ends."""
    rows, total = sentences.legacy_auth(report), report.posture.legacy_auth.total
    return _top(sentences.LEGACY_AUTH_TITLE, sentences.LEGACY_AUTH_COLUMNS, rows, total)


def _top(caption: str, columns: tuple[str, ...], rows: list[tuple[str, ...]], total: int) -> PageTable:
    return PageTable(caption, columns, tuple(rows[:MAX_POSTURE_ROWS]), total)


def passwords(report: Report) -> PageTable:
    """Return the credentials to change; the last column is the id of the finding that says why."""
    rows = tuple(sentences.password_rows(report))
    return PageTable("Exposed or guessed passwords", sentences.PASSWORD_COLUMNS, rows, len(rows))


def abilities(report: Report) -> PageTable:
    """Return what each detector can do with the logs at hand."""
    rows = tuple(_coverage.rows(report))
    return PageTable("Detectors", _coverage.COLUMNS, rows, len(rows))


def roles(report: Report) -> PageTable:
    """Return the roles of hosts."""
    rows = tuple((role.host, role.role, role.reason) for role in report.roles)
    return PageTable("Roles of hosts", ("host", "role", "reason"), rows, len(rows))


def hosts(report: Report) -> PageTable:
    """Return the hosts of findings with their names: the site's own first, then those of the gravest findings."""
    worst: dict[str, Severity] = {}
    counts: Counter[str] = Counter()
    for finding in report.findings:
        for host in {*finding.clients, *finding.servers}:
            counts[host] += 1
            worst[host] = max(worst.get(host, finding.severity), finding.severity, key=lambda severity: severity.rank)
    roles = {role.host: role.role for role in report.roles}
    ordered = sorted(counts, key=lambda host: (host not in roles, -worst[host].rank, -counts[host], host))
    rows = tuple(
        (host, named(report.hosts.get(host, ())), roles.get(host, ""), worst[host].value, f"{counts[host]:,}")
        for host in ordered[:MAX_HOSTS]
    )
    columns = ("host", "names", "role", "worst finding", "#findings")
    return PageTable(_of("Hosts of incidents and findings", len(rows), len(ordered)), columns, rows, len(rows))


def _of(caption: str, shown: int, total: int) -> str:
    """Return a caption that says how many rows are left out, where that is not for `zeeksmtp export` to show."""
    return f"{caption} ({shown:,} of {total:,})" if total > shown else caption


def changes(report: Report) -> PageTable:
    """Return the hosts whose sessions changed from week to week."""
    rows = tuple(
        (
            row.host if row.port is None else f"{row.host} port {row.port}",
            f"{row.side}, {row.kind}",
            f"{row.before:,}",
            f"{row.now:,}",
        )
        for row in report.changes.rows
    )
    columns = ("host", "change", "#sessions of the week before", "#of the last seven days")
    return PageTable(_of("Week on week", len(rows), report.changes.total), columns, rows, len(rows))


def files(report: Report) -> PageTable:
    """Return the files that were looked at."""
    columns = ("file", "log", "format", "#kept", "#skipped", "#rejected", "time", "note")
    rows = tuple(map(_file, report.inputs.files))
    return PageTable("Files", columns, rows, len(rows))


def _file(file: InputFile) -> tuple[str, ...]:
    when = span(file.first, file.last) if file.first and file.last else ""
    counts = (f"{number:,}" for number in (file.kept, file.skipped, file.rejected))
    return (file.path, file.log or "not used", file.format or "", *counts, when, file.problem or file.note or "")


def busiest_hours(report: Report) -> PageTable:
    """Return the hours in which clients sent most."""
    rows = tuple(sentences.volumes(report))
    return PageTable("Busiest hours", sentences.VOLUME_COLUMNS, rows, len(rows))


def sums_of(report: Report) -> list[PageTable]:
    """Return the sums of the mail: senders, clients, recipient domains, refusals."""
    return [
        PageTable(f"{columns[0].capitalize()}, {columns[1].lstrip('#')}", columns, tuple(rows), len(rows))
        for columns, rows in _sums.tables(report)
    ]
