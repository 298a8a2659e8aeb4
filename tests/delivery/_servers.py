"""Mail servers that the tests start: aiosmtpd, and one that answers by a script, however wrong."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.delivery._envelopes import SECRET

USER = "zeeksmtp"


each_bad_certificate = pytest.mark.parametrize(
    ("shown", "trusted", "reason"),
    [
        ("good", None, "self-signed certificate"),
        ("of_another", "of_another", "Hostname mismatch"),
        ("run_out", "run_out", "certificate has expired"),
    ],
)
"""Certificates that no client may accept: which fixture the server shows, which one the client trusts, and why not."""


@dataclass(frozen=True)
class Certificate:
    """Key and certificate, which is its own CA."""

    key: Path
    pem: Path

    @property
    def context(self) -> ssl.SSLContext:
        """Return what a server needs to show it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem, self.key)
        return context


def certificate(folder: Path, name: str, days: int = 2) -> Certificate:
    """Make a certificate for the host `name` and 127.0.0.1; with negative `days` one that has run out."""
    folder.mkdir()
    files = Certificate(folder / "key.pem", folder / "cert.pem")
    request, extensions = folder / "request.pem", folder / "extensions"
    address = ",IP:127.0.0.1" if name == "localhost" else ""
    extensions.write_text(f"subjectAltName=DNS:{name}{address}\nbasicConstraints=critical,CA:TRUE\n")
    for words in (
        ("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", files.key),
        ("req", "-new", "-key", files.key, "-subj", f"/CN={name}", "-out", request),
        (
            "x509",
            "-req",
            "-in",
            request,
            "-signkey",
            files.key,
            "-days",
            days,
            "-extfile",
            extensions,
            "-out",
            files.pem,
        ),
    ):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
    return files


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


@dataclass
class Inbox:
    """What a server took, and what it answers to RCPT and DATA: recipient (or `DATA`) -> reply."""

    port: int = 0
    taken: list[Envelope] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    encrypted: list[bool] = field(default_factory=list)
    logged_in: list[bool] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Sequence[str]
    ) -> str:
        """Take a recipient or refuse it."""
        if address in self.replies:
            return self.replies[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - likewise
        """Take a message or refuse it."""
        if "DATA" in self.replies:
            return self.replies["DATA"]
        self.taken.append(envelope)
        assert server.transport is not None
        self.encrypted.append(session.ssl is not None or server.transport.get_extra_info("cipher") is not None)
        self.logged_in.append(bool(session.authenticated))
        self.names.append(str(session.host_name))
        return "250 Taken"


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (USER.encode(), SECRET.encode()), handled=False)


@contextmanager
def server(starttls: Certificate | None = None, implicit: Certificate | None = None, **more: Any) -> Iterator[Inbox]:
    """Run aiosmtpd with STARTTLS, with implicit TLS, or without; with TLS it asks for a login."""
    inbox = Inbox(port=free_port())
    secure = starttls or implicit
    # It knows only of the TLS that STARTTLS began, and warns where it is to demand a login in any other.
    ways: dict[str, Any] = {"auth_required": True} if starttls else {"auth_require_tls": False}
    login: dict[str, Any] = {"authenticator": _authenticate, **ways} if secure else {}
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=inbox.port,
        tls_context=starttls.context if starttls else None,
        ssl_context=implicit.context if implicit else None,
        require_starttls=starttls is not None,
        **login,
        **more,
    )
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()


@contextmanager
def script(*replies: bytes | None) -> Iterator[tuple[int, list[bytes]]]:
    """Run a server that greets with the first reply and answers each line with the next one; give port and lines.

    After a 354 the answer waits for the lone dot. `None` means to say nothing and hold the line; after the last reply
    the connection is closed.
    """
    lines: list[bytes] = []
    ended = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        # A client that leaves early resets the connection: that is its right.
        with suppress(ConnectionError), client, client.makefile("rb") as words:
            for number, reply in enumerate(replies):
                if number:
                    lines.append(words.readline())
                    while (replies[number - 1] or b"").startswith(b"354") and lines[-1] not in {b".\r\n", b""}:
                        lines.append(words.readline())
                if reply is None:
                    ended.wait(20)
                    return
                client.sendall(reply)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], lines
    finally:
        ended.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes an accept that nobody came for
        listener.close()
        thread.join(20)
