"""Messages as collectors read them: RFC 5424, the local form of `/dev/log`, and the journal's fields."""

from __future__ import annotations

import os
import re
import socket

from zeeksmtp import __version__
from zeeksmtp.delivery._syslog_events import SyslogEvent
from zeeksmtp.model import iso

# IANA has registered `origin`; an SD-ID of our own would need an enterprise number.
_ORIGIN = f'[origin software="zeeksmtp" swVersion="{__version__}"]'
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905 - shorter, and no locale's


def rfc5424(event: SyslogEvent, facility: int) -> bytes:
    """Return a message of RFC 5424. Without a BOM: it is ASCII, and collectors would take a BOM for text."""
    head = f"<{facility * 8 + event.priority}>1 {iso(event.time)} {_hostname()} zeeksmtp {os.getpid()}"
    return f"{head} {event.kind} {_ORIGIN} {event.text}".encode("ascii")


def octet_counted(message: bytes) -> bytes:
    """Frame a message for a stream (RFC 6587, 3.4.1; RFC 5425, 4.3)."""
    return b"%d %b" % (len(message), message)


def local(event: SyslogEvent, facility: int) -> bytes:
    """Return what the C library's `syslog` writes to `/dev/log`: the daemon there adds the host, the time is ours."""
    when = event.time.astimezone()
    stamp = f"{_MONTHS[when.month - 1]} {when.day:2d} {when:%H:%M:%S}"
    return f"<{facility * 8 + event.priority}>{stamp} zeeksmtp[{os.getpid()}]: {event.text}".encode("ascii")


def journal(event: SyslogEvent, facility: int) -> bytes:
    """Return the fields of an entry of systemd's journal, in its native protocol."""
    fields = {
        "MESSAGE": event.text,
        "PRIORITY": event.priority,
        "SYSLOG_FACILITY": facility,
        "SYSLOG_IDENTIFIER": "zeeksmtp",
        "ZEEKSMTP_KIND": event.kind,
        "ZEEKSMTP_ID": event.id,
    }
    return "".join(f"{name}={value}\n" for name, value in fields.items()).encode("ascii")


def _hostname() -> str:
    """Return the host's name, `-` where it has none that a message can hold."""
    name = socket.gethostname()
    return name if re.fullmatch("[!-~]{1,255}", name) else "-"
