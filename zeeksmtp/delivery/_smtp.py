"""The standard library's SMTP client, with an end to how long and how much a server may answer.

smtplib waits its timeout for each byte anew and reads continuation lines without end: a server that sends a byte a
minute, or `250-` for ever, would hold a pass up or fill memory.
"""

from __future__ import annotations

import socket
import time
from smtplib import SMTP, SMTP_SSL, SMTPException

MAX_REPLY_BYTES = 1 << 15
"""Of one reply with all its lines; RFC 5321 has 512 for a line, and an answer to EHLO some twenty."""


class _Replies:
    """Reads one reply: all of it within the socket's timeout. Looks like the file that smtplib reads from."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._timeout = sock.gettimeout()
        self._deadline = None if self._timeout is None else time.monotonic() + self._timeout
        self._left = MAX_REPLY_BYTES

    def readline(self, limit: int) -> bytes:
        """Return a line of at most `limit` bytes; empty at the end. By single bytes: what follows is another's."""
        line = bytearray()
        try:
            while len(line) < limit and not line.endswith(b"\n"):
                byte = self._byte()
                if not byte:
                    break
                line += byte
        finally:
            self._sock.settimeout(self._timeout)
        return bytes(line)

    def _byte(self) -> bytes:
        if not self._left:
            raise SMTPException(f"a reply of more than {MAX_REPLY_BYTES:,} bytes")
        self._left -= 1
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._sock.settimeout(left)
        return self._sock.recv(1)

    def close(self) -> None:
        """Do nothing: the socket is the client's."""


class BoundedSMTP(SMTP):
    """`SMTP` whose replies end."""

    def getreply(self) -> tuple[int, bytes]:
        """Return code and text of the next reply."""
        self.file = _Replies(self.sock) if self.sock is not None else None
        return super().getreply()


class BoundedSMTPS(BoundedSMTP, SMTP_SSL):
    """`SMTP_SSL` whose replies end."""
