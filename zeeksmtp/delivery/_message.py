"""The mail itself: text and page of a report as one RFC 5322 message in which nothing logged can become a header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

from zeeksmtp.delivery_settings import Mail
from zeeksmtp.envelope import Envelope
from zeeksmtp.escaping import cut, plain
from zeeksmtp.model import View, identity

MAX_MESSAGE_BYTES = 100_000
"""Gmail, for one, cuts a message at 102 kB, and a page that is cut shows nothing of its end."""
MAX_NOTE_CHARACTERS = 2_500
"""All notes of a delivery together."""
_NOTE_BYTES = 9_000
"""`MAX_NOTE_CHARACTERS` in quoted-printable, soft line breaks included."""
MAX_SUBJECT_CHARACTERS = 150
_PAGE_BYTES = (80_000, 55_000, 30_000)
"""Sizes of the page that are tried: quoted-printable adds a tenth, and trebles what has to be escaped."""
# Seven bits and short lines: what every server accepts, with or without 8BITMIME.
_POLICY = SMTP.clone(cte_type="7bit")
_TEXT_ONLY = "This mail has no HTML part: with it, it would be larger than 100 kB."
_CUT = "The text ends here: this mail would be larger than 100 kB. `zeeksmtp incidents list` shows all."


@dataclass(frozen=True, slots=True)
class Body:
    """Text and, unless it is too large, the page of a mail."""

    text: str
    page: str | None


def body_of(envelope: Envelope, mail: Mail) -> Body:
    """Render the first screen, and as much of the page as a mail may hold: what is most urgent, or nothing of it."""
    text = envelope.render("terminal", View())
    bodies = (Body(text, envelope.render("html", View(max_bytes=size))) for size in _PAGE_BYTES)
    return next((body for body in bodies if _fits(body, envelope, mail)), None) or _text_only(text, envelope, mail)


def _text_only(text: str, envelope: Envelope, mail: Mail) -> Body:
    lines = f"{_TEXT_ONLY}\n\n{text}".splitlines(keepends=True)
    body = Body("".join(lines), None)
    while lines and not _fits(body, envelope, mail):
        lines = lines[: len(lines) * 9 // 10]
        body = Body("".join([*lines, f"\n{_CUT}\n"]), None)
    return body


def _fits(body: Body, envelope: Envelope, mail: Mail) -> bool:
    return len(message(envelope, mail, body)) + _NOTE_BYTES <= MAX_MESSAGE_BYTES


def message(envelope: Envelope, mail: Mail, body: Body, notes: Sequence[str] = ()) -> bytes:
    """Return the mail; its text begins with `notes`."""
    mime = EmailMessage(_POLICY)
    mime["From"] = mail.sender
    mime["To"] = ", ".join(mail.to)
    mime["Subject"] = subject_line(envelope.subject)
    mime["Date"] = datetime.now(UTC)
    mime["Message-ID"] = message_id(envelope, mail)
    mime["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office reply is to answer
    mime.set_content(_encodable(_head(notes) + body.text), cte="quoted-printable")
    if body.page is not None:
        mime.add_alternative(_encodable(body.page), subtype="html", cte="quoted-printable")
    return mime.as_bytes()


def _head(notes: Sequence[str]) -> str:
    """Return notes as ASCII: they quote a server's replies, and their size has to be known before."""
    text = "".join(f"{plain(note)}\n\n" for note in notes).encode("ascii", "backslashreplace").decode("ascii")
    return text if len(text) <= MAX_NOTE_CHARACTERS else f"{text[: MAX_NOTE_CHARACTERS - 6]} ...\n\n"


def subject_line(text: str) -> str:
    """Return a harmless subject: one line, of bounded length, and nothing in it is decoded by the reader."""
    # The one thing in a header that stands for other characters, line ends included: =?charset?q?...?=
    line = " ".join(plain(text).split()).replace("=?", "= ?")
    return cut(line, MAX_SUBJECT_CHARACTERS) or "zeeksmtp report"


def message_id(envelope: Envelope, mail: Mail) -> str:
    """Return the same id for each attempt, so that a reader who gets two mails can tell that they are one."""
    return f"<zeeksmtp.{identity('mail', envelope.id)}@{mail.sender.rpartition('@')[2]}>"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
