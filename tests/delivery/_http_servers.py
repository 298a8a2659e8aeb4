"""HTTP servers that the tests start: what they answer is a list, what they got is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.delivery._servers import Certificate

Answer = tuple[int, Mapping[str, str], bytes]
OK: Answer = (200, {}, b"ok")


@dataclass
class Posted:
    """One request: method, path, headers by their names in small letters, body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, read."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """Where a server listens, and what it got."""

    port: int = 0
    got: list[Posted] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    """Gives one answer after another, then 200 for ever."""

    kept: Receiver
    answers: Sequence[Answer | float]

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.kept.got.append(Posted(self.command, self.path, headers, body))
        number = len(self.kept.got) - 1
        answer = self.answers[number] if number < len(self.answers) else OK
        if isinstance(answer, float):
            self._drip(answer)
        else:
            self._answer(*answer)

    do_POST = do_PUT = do_GET = do_CONNECT = _take  # noqa: N815 - names that the library calls

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self, seconds: float) -> None:
        with suppress(OSError):
            while not self.kept.released.wait(seconds):
                self.wfile.write(b"H")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that leaves is its own affair."""


@contextmanager
def receiver(*answers: Answer | float, tls: Certificate | None = None) -> Iterator[Receiver]:
    """Run a server that gives one answer after another, then 200 for ever; a number is seconds between bytes."""
    kept = Receiver()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"kept": kept, "answers": answers}))
    if tls:
        server.socket = tls.context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield kept
    finally:
        kept.released.set()
        server.shutdown()
        server.server_close()
        thread.join(20)
