"""The mail itself: text and page of a report as one RFC 5322 message in which nothing logged can become a header."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

from zeeksmtp.delivery._parcel import Parcel
from zeeksmtp.delivery_settings import Mail
from zeeksmtp.model import identity
from zeeksmtp.outputs._escape import cut, plain

FORMS = ("terminal", "html")
"""Formats that a mail is made of: the text, and the page."""
_SUBJECT = 150
"""Longest subject; it names hosts and accounts, of any length."""
# Seven bits and short lines: what every server takes, with or without 8BITMIME.
_POLICY = SMTP.clone(cte_type="7bit")


def letter(parcel: Parcel, mail: Mail, notes: Sequence[str] = ()) -> bytes:
    """Write the mail for `parcel`; its text begins with `notes`."""
    message = EmailMessage(_POLICY)
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.to)
    message["Subject"] = subject(parcel.subject)
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = message_id(parcel, mail)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice is to answer
    head = "".join(f"{plain(note)}\n\n" for note in notes)
    text, page = map(parcel.render, FORMS)
    message.set_content(_encodable(head + text), cte="quoted-printable")
    message.add_alternative(_encodable(page), subtype="html", cte="base64")
    return message.as_bytes()


def subject(text: str) -> str:
    """Make a subject harmless: one line, of bounded length, and nothing in it is decoded by the reader."""
    # The one thing in a header that stands for other characters, line ends included: =?charset?q?...?=
    line = " ".join(plain(text).split()).replace("=?", "= ?")
    return cut(line, _SUBJECT) or "zeeksmtp report"


def message_id(parcel: Parcel, mail: Mail) -> str:
    """Give the same id for each attempt, so that whoever gets two mails can tell that they are one."""
    return f"<zeeksmtp.{identity('mail', parcel.id)}@{mail.sender.rpartition('@')[2]}>"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
