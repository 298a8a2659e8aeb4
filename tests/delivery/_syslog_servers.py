"""Collectors that the tests start, and a parser of RFC 5424 by its grammar (section 6)."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.delivery._servers import Certificate

_PRINT = "[!-~]"
_SD_NAME = r"[!#-<>-\\^-~]{1,32}"
_PARAM = rf'{_SD_NAME}="(?:[^"\\\]]|\\["\\\]])*"'
_ELEMENT = rf"\[{_SD_NAME}(?: {_PARAM})*\]"
_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)"
RFC5424 = re.compile(
    rf"<(?P<pri>0|[1-9]\d{{0,2}})>1 (?P<time>-|{_STAMP}) (?P<host>{_PRINT}{{1,255}}) (?P<app>{_PRINT}{{1,48}})"
    rf" (?P<pid>{_PRINT}{{1,128}}) (?P<msgid>{_PRINT}{{1,32}}) (?P<sd>-|(?:{_ELEMENT})+)(?: (?P<msg>.*))?",
    re.DOTALL,
)


@dataclass
class Collector:
    """Where a collector listens, the bytes of each connection, and each datagram."""

    port: int = 0
    streams: list[bytes] = field(default_factory=list)
    datagrams: list[bytes] = field(default_factory=list)


def parsed(message: bytes) -> re.Match[str]:
    """Parse a message of RFC 5424; anything else fails."""
    match = RFC5424.fullmatch(message.decode("ascii"))
    assert match, message
    assert int(match["pri"]) <= 191
    return match


def frames(stream: bytes) -> list[bytes]:
    """Take a stream apart by octet counting (RFC 6587, 3.4.1)."""
    messages = []
    while stream:
        length, blank, rest = stream.partition(b" ")
        assert blank and re.fullmatch(rb"[1-9]\d*", length), stream[:20]
        assert len(rest) >= int(length)
        messages.append(rest[: int(length)])
        stream = rest[int(length) :]
    return messages


@contextmanager
def streams(tls: Certificate | None = None) -> Iterator[Collector]:
    """Run a collector that reads each connection to its end."""
    collector = Collector()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with suppress(OSError), client:
                    collector.streams.append(_all(tls.context.wrap_socket(client, server_side=True) if tls else client))

    thread = threading.Thread(target=serve)
    thread.start()
    collector.port = listener.getsockname()[1]
    try:
        yield collector
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(20)


def _all(client: socket.socket) -> bytes:
    content = b""
    with client:
        while part := client.recv(65536):
            content += part
        if isinstance(client, ssl.SSLSocket):
            client.unwrap()
    return content


@contextmanager
def datagrams(sock: socket.socket) -> Iterator[Collector]:
    """Run a collector of datagrams on a bound socket."""
    collector = Collector()
    sock.settimeout(0.05)
    ended = threading.Event()

    def serve() -> None:
        late = 0
        while late < 4:
            try:
                collector.datagrams.append(sock.recv(65536))
            except TimeoutError:
                late += ended.is_set()

    thread = threading.Thread(target=serve)
    thread.start()
    if sock.family == socket.AF_INET:
        collector.port = sock.getsockname()[1]
    try:
        yield collector
    finally:
        ended.set()
        thread.join(20)
        sock.close()


def udp() -> socket.socket:
    """Return a bound socket for datagrams."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sock.bind(("127.0.0.1", 0))
    return sock


def unix(path: str) -> socket.socket:
    """Return a bound socket for datagrams on this machine."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    return sock
