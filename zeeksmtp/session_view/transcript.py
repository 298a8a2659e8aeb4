"""A connection as plain text: facts, dialogue with times, what was not seen. Escaped line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from zeeksmtp.escaping import cut, plain
from zeeksmtp.rendering import phrases
from zeeksmtp.session_view.shapes import AuthStep, CommandStep, MailStep, Session, SessionView, Step, TlsStep, WeirdStep

_MAX_LINE_CHARS = 400
"""Longest form in which one line is shown; JSON has it whole."""
_MAX_NAMES = 20
"""How many recipients, or addresses given away, a line names."""
_GIVING: Final = {250, 251, 551}
"""Replies to VRFY and EXPN that give addresses away; 553 mostly says that there is none."""
_TIMES = " " * 31
_STATES: Final[Mapping[str, str]] = {
    "S0": "tried, no answer",
    "S1": "established, not ended",
    "SF": "established and ended",
    "REJ": "rejected",
    "S2": "established, client closed, no answer from the server",
    "S3": "established, server closed, no answer from the client",
    "RSTO": "established, reset by the client",
    "RSTR": "reset by the server",
    "RSTOS0": "client sent SYN, then reset; no answer",
    "RSTRH": "server sent SYN-ACK, then reset; no SYN seen",
    "SH": "client sent SYN, then FIN; no answer",
    "SHR": "server sent SYN-ACK, then FIN; no SYN seen",
    "OTH": "begun before the capture, not ended",
}


def text(view: SessionView) -> str:
    """Return all connections of a uid, one after the other."""
    lines: list[str] = []
    for number, session in enumerate(view.sessions, 1):
        if len(view.sessions) > 1:
            lines.append(f"Connection {number} of {len(view.sessions)} with uid {view.uid}")
        lines += [*_session(view.uid, session), ""]
    return "".join(f"{cut(plain(line), _MAX_LINE_CHARS).rstrip()}\n" for line in lines[:-1])


def _session(uid: str, session: Session) -> Iterable[str]:
    ends = f"{_end(session.client, session.client_port)} → {_end(session.server, session.port)}"
    yield f"Session {uid}  {ends}  {session.direction}"
    yield from (f"  {name:<13}{value}" for name, value in _facts(session) if value)
    yield from _block("Dialogue (UTC, and seconds after the start; C client, S server)", _dialogue(session))
    yield from _block("Not seen", (f"  - {note}" for note in session.unseen))


def _block(title: str, lines: Iterable[str]) -> Iterable[str]:
    shown = list(lines)
    if shown:
        yield from ("", title, *shown)


def _end(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _facts(session: Session) -> Iterable[tuple[str, str | None]]:
    conn = session.transport
    yield "start", f"{session.start:%Y-%m-%d %H:%M:%S.%f} UTC"
    if conn:
        yield "end", f"{conn.end:%Y-%m-%d %H:%M:%S.%f} UTC, after {conn.duration:.6f} s" if conn.end else None
        yield "bytes", f"client {_number(conn.client_bytes)}, server {_number(conn.server_bytes)}"
        yield "lost", f"{conn.missed_bytes:,} bytes" if conn.missed_bytes else None
        yield "state", f"{conn.state}: {_STATES.get(conn.state, '?')}; history {conn.history}" if conn.state else None
        yield "service", conn.service
    yield "greeting", session.greeting
    yield "helo", _optional(session.helo)
    yield "capabilities", _listed(session.capabilities)
    yield "AUTH offered", _listed(session.mechanisms_offered)
    yield "STARTTLS", _starttls(session)
    yield "last reply", session.last_reply
    yield "QUIT", phrases.flag(session.quit)


def _number(value: int | None) -> str:
    return phrases.UNKNOWN if value is None else f"{value:,}"


def _optional(value: str | None) -> str | None:
    return None if value is None else phrases.name(value)


def _listed(values: Sequence[str] | None) -> str | None:
    return None if values is None else phrases.names(values, _MAX_NAMES) or "none"


def _starttls(session: Session) -> str:
    starttls = session.starttls
    code = f" with {starttls.reply_code}" if starttls.reply_code is not None else ""
    offered, requested = phrases.flag(starttls.offered), phrases.flag(starttls.requested)
    return f"offered {offered}, requested {requested}, accepted {phrases.flag(starttls.accepted)}{code}"


def _dialogue(session: Session) -> Iterable[str]:
    replies = {step.seq for step in session.steps if isinstance(step, CommandStep)}
    before = session.start
    for step in session.steps:
        first, *more = _SAID[type(step)](step)
        if isinstance(step, AuthStep) and step.seq in replies:
            more = []  # the command had the same reply
        # smtp.log's time of a mail is that of its beginning, yet it is shown where it ended.
        times = f"  {step.ts:%H:%M:%S.%f} {step.offset:>+11.6f}  " if step.ts >= before else _TIMES
        before = max(before, step.ts)
        yield f"{times}{first}"
        yield from (f"{_TIMES}{line}" for line in more)


def _command(step: CommandStep) -> Iterable[str]:
    verb = "(a line that is no command, withheld)" if step.command is None else phrases.name(step.command)
    yield f"C {verb} {step.arg or ''}"
    if step.reply_code is None:
        yield "S (no reply seen)"
        return
    after = f"  (after {step.latency:.6f} s)" if step.latency is not None else ""
    yield f"S {step.reply_code} {cut(plain(step.reply_msg or ''), 300)}{after}"
    if step.disclosed and step.reply_code in _GIVING:
        yield f"  given away: {phrases.names(step.disclosed, _MAX_NAMES)}"


def _auth(step: AuthStep) -> Iterable[str]:
    user = "user not seen" if step.user is None else f"user {phrases.name(step.user)}"
    behalf = "" if step.authzid is None else f" for {phrases.name(step.authzid)}"
    secret = "" if step.secret_kind in {None, "none"} else f", {step.secret_kind} in clear"
    yield f"* AUTH {step.mechanism or phrases.UNKNOWN}: {user}{behalf}{secret}: {step.outcome or phrases.UNKNOWN}"
    yield from [f"S {step.reply_code} {step.reply_msg or ''}"] * (step.reply_code is not None)


def _mail(step: MailStep) -> Iterable[str]:
    sender = phrases.UNKNOWN if step.sender is None else phrases.name(step.sender)
    content = {None: "", True: "", False: " (no content seen)"}[step.content]
    yield f"* mail from {sender} to {phrases.names(step.recipients, _MAX_NAMES) or phrases.UNKNOWN}{content}"
    yield f"  last reply {step.last_reply or phrases.UNKNOWN}"


def _tls(step: TlsStep) -> Iterable[str]:
    server_name = "" if step.server_name is None else f", server name {phrases.name(step.server_name)}"
    up = {True: "established", False: "not established", None: "begun"}[step.established]
    yield f"* TLS {up}: {step.version or phrases.UNKNOWN} {step.cipher or ''}{server_name}"


def _weird(step: WeirdStep) -> Iterable[str]:
    yield f"! weird {step.name or phrases.UNKNOWN}"


_SAID: Final[Mapping[type[Step], Callable[[Any], Iterable[str]]]] = {
    CommandStep: _command,
    AuthStep: _auth,
    MailStep: _mail,
    TlsStep: _tls,
    WeirdStep: _weird,
}
