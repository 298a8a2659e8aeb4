"""What is known of a host or an account, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from zeeksmtp.entity_view.shapes import EntityView, PeerTable, SessionLine
from zeeksmtp.model import ClientPosture, Count, Finding, Incident, ServerPosture, Severity, View
from zeeksmtp.rendering import incident_text, phrases
from zeeksmtp.rendering.commands import entity_command, session_command, show_command
from zeeksmtp.rendering.console import badge, command, filled, heading, indented, table, text

_PEERS = ("host", "#port", "#sessions", "#in TLS", "first", "last")
_LOGINS = ("account", "client", "server", "mechanisms", "#accepted", "#refused", "last")
_SESSIONS = ("uid", "start", "connection", "TLS", "HELO")
_SERVERS = ("#port", "#sessions", "#in TLS", "STARTTLS", "AUTH in clear", "VRFY", "EXPN", "certificate ends")
_MAX_NAMES = 5


def parts(view: EntityView, how: View) -> Iterable[RenderableType]:
    """Yield the parts of the text: what it is, what was found, what it does, its sessions, where to go on."""
    yield text(f"{view.kind.capitalize()} {phrases.name(view.name)}", "bold")
    grid = Table.grid(padding=(0, 2))
    for label, value in _facts(view):
        grid.add_row(text(label, "dim"), text(value))
    yield indented(grid)
    yield from _entries("Incidents", view.incidents)
    owned = {id_ for incident in view.incidents for id_ in incident.findings}
    yield from _entries(
        "Other findings" if view.incidents else "Findings",
        [finding for finding in view.findings if finding.id not in owned],
    )
    yield from _peers("Connects to", view.connects_to)
    yield from _peers("Accepts from", view.accepts_from)
    yield from _table("Logins in clear", _LOGINS, _logins(view), view.logins.total)
    yield from _table("Its ports", _SERVERS, [_server(row) for row in view.server_posture])
    yield from _table("Sessions", _SESSIONS, _sessions(view), view.sessions.total)
    yield from _next(view, how)


def _facts(view: EntityView) -> Iterable[tuple[str, str]]:
    yield from [("Names", incident_text.named(view.names))] * bool(view.names)
    if view.role:
        place = {True: "of the site", False: "outside", None: "of unknown place"}[view.local]
        yield "Role", f"{view.role.role}, {place}: {view.role.reason}"
    if view.first and view.last:
        yield "Seen", f"{phrases.span(view.first, view.last)} UTC"
    if view.credentials_to_change:
        due = [f"{phrases.name(due.account)} at {due.server}" for due in view.credentials_to_change]
        yield "Passwords to change", phrases.names(due, len(due))
    if view.mails:
        yield "Mails", f"{view.mails:,} visible"
    for label, counts in (("Envelope senders", view.senders), ("Recipient domains", view.recipient_domains)):
        yield from [(label, _counts(counts))] * bool(counts)
    if view.client_posture:
        yield "Posture as client", _posture(view.client_posture)


def _counts(counts: Sequence[Count]) -> str:
    shown = [f"{phrases.name(one.name)} ({one.count:,})" for one in counts[:_MAX_NAMES]]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _posture(row: ClientPosture) -> str:
    return (
        f"{phrases.counted(row.sessions, 'session')} with {phrases.counted(row.servers, 'server')}, "
        f"{phrases.number(row.tls_sessions)} in TLS; STARTTLS unused in {row.starttls_unused:,}; "
        f"{phrases.counted(row.cleartext_mails, 'mail')} and {phrases.counted(row.cleartext_logins, 'login')} in clear"
    )


def _entries(label: str, entries: Sequence[Incident | Finding]) -> Iterable[RenderableType]:
    if entries:
        yield from heading(label)
    for entry in entries:
        times = f"  {phrases.span(entry.first, entry.last)}"
        yield indented(Text.assemble(badge(entry.severity), " ", text(phrases.title(entry)), text(times, "dim")), 2)


def _peers(label: str, peers: PeerTable) -> Iterable[RenderableType]:
    rows = [
        (
            p.host,
            str(p.port),
            f"{p.sessions:,}",
            phrases.number(p.tls_sessions),
            phrases.stamp(p.first),
            phrases.stamp(p.last),
        )
        for p in peers.rows
    ]
    yield from _table(label, _PEERS, rows, peers.total)


def _logins(view: EntityView) -> list[tuple[str, ...]]:
    return [
        (
            phrases.name(login.account),
            login.client,
            f"{login.server} port {login.port}",
            ", ".join(login.mechanisms),
            f"{login.accepted:,}",
            f"{login.refused:,}",
            phrases.stamp(login.last),
        )
        for login in view.logins.rows
    ]


def _server(row: ServerPosture) -> tuple[str, ...]:
    said = (row.starttls_offered, row.auth_offered_in_clear, row.answers_vrfy, row.answers_expn)
    ends = f"{row.certificate_expires:%Y-%m-%d}" if row.certificate_expires else phrases.UNKNOWN
    return str(row.port), f"{row.sessions:,}", phrases.number(row.tls_sessions), *map(phrases.flag, said), ends


def _sessions(view: EntityView) -> list[tuple[str, ...]]:
    return [
        (
            row.uid,
            phrases.stamp(row.start),
            _connection(row, view.name),
            phrases.flag(row.tls),
            "" if row.helo is None else phrases.name(row.helo),
        )
        for row in view.sessions.rows
    ]


def _connection(row: SessionLine, host: str) -> str:
    """Return both ends; the host that the view is about is left out."""
    client, server = ("" if end == host else f"{end} " for end in (row.client, row.server))
    return f"{client}→ {server}port {row.port}"


def _table(
    label: str, columns: Sequence[str], rows: Sequence[tuple[str, ...]], total: int = 0
) -> Iterable[RenderableType]:
    if not rows:
        return
    yield from heading(label)
    yield indented(filled(table(columns), rows), 2)
    yield from [indented(text(f"and {total - len(rows):,} more", "dim"), 2)] * (total > len(rows))


def _next(view: EntityView, how: View) -> Iterable[RenderableType]:
    """Yield the commands that lead on."""
    grave = [finding.id for finding in view.findings if finding.severity.rank >= Severity.MEDIUM.rank]
    ids = [incident.id for incident in view.incidents] + grave  # minor ones may not be in the report that `show` reads
    commands = [show_command(how, id_) for id_ in ids[:1]]
    uids = [row.uid for row in view.sessions.rows] or [uid for finding in view.findings for uid in finding.uids]
    commands += [session_command(how, uid) for uid in uids[:1]]
    if view.kind == "host" and view.sessions.rows:
        commands.append(entity_command(how, "explain-host", view.name))
    yield from [Text()] * bool(commands)
    yield from (command(f"next: {words}") for words in commands)
