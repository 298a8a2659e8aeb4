"""By syslog: a message for each incident and finding, to a collector by UDP, TCP or TLS, to `/dev/log` or the journal.

Nothing in the protocol confirms a message: by UDP a lost one is lost, by TCP and TLS it has arrived as far as the
connection tells. A report that is sent again has messages with the same ids.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from zeeksmtp.config import Settings
from zeeksmtp.delivery import _syslog_frames as frames
from zeeksmtp.delivery._deadline import within
from zeeksmtp.delivery._syslog_events import SyslogEvent, events_of
from zeeksmtp.delivery._transport import Transport
from zeeksmtp.delivery._trust import tls_context
from zeeksmtp.delivery_settings.syslog import FACILITIES, Syslog
from zeeksmtp.envelope import Envelope
from zeeksmtp.errors import DeliveryError
from zeeksmtp.escaping import cut, plain

PAUSE_SECONDS = 0.001
"""Between datagrams: a collector's socket buffer holds some two hundred."""
CLOSE_SECONDS = 2
"""How long to wait for the other side to close a stream: whoever resets it has not read everything."""
MAX_ERROR_CHARACTERS = 200
_FORMS: dict[str, Callable[[SyslogEvent, int], bytes]] = {"unix": frames.local, "journal": frames.journal}


def _destinations(settings: Settings) -> list[str]:
    return [""] * (settings.syslog is not None)


def _send(envelope: Envelope, settings: Settings, _destination: str) -> None:
    target = settings.syslog
    assert target is not None  # noqa: S101 - for the type checker: `_destinations` has one
    form = _FORMS.get(target.way, frames.rfc5424)
    messages = [form(event, FACILITIES[target.facility]) for event in events_of(envelope.report(), target.format)]
    context = tls_context(target.ca_file) if target.way == "tls" else None
    try:
        within(target.timeout_seconds, lambda: _deliver(target, messages, context), (OSError,))
    except ssl.SSLCertVerificationError as error:
        remedy = "name the host as its certificate does, or its CA in `ca_file`"
        raise DeliveryError(f"syslog to {target.to}: certificate refused: {error.verify_message}; {remedy}") from error
    except TimeoutError as error:
        what = f"timed out after {target.timeout_seconds} s; it goes again with the next pass"
        raise DeliveryError(f"syslog to {target.to}: {what}") from error
    except OSError as error:
        what = cut(plain(error.strerror or str(error)), MAX_ERROR_CHARACTERS)
        raise DeliveryError(f"syslog to {target.to}: {what}; check `to` and the collector") from error


def _deliver(target: Syslog, messages: Iterable[bytes], context: ssl.SSLContext | None) -> None:
    if target.way in {"unix", "journal"}:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
            local.settimeout(target.timeout_seconds)
            local.connect(target.path)
            _datagrams(local, messages)
    elif target.way == "udp":
        with _udp_socket(target) as remote:
            _datagrams(remote, messages)
    else:
        with socket.create_connection(target.server, target.timeout_seconds) as plain_stream:
            _stream(plain_stream, messages, context, target.server[0])


def _udp_socket(target: Syslog) -> socket.socket:
    host, port = target.server
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    sock = socket.socket(family, kind, protocol)
    sock.connect(address)  # so that a port on which nobody listens is an error
    return sock


def _datagrams(sock: socket.socket, messages: Iterable[bytes]) -> None:
    for message in messages:
        sock.send(message)
        time.sleep(PAUSE_SECONDS)


def _stream(sock: socket.socket, messages: Iterable[bytes], context: ssl.SSLContext | None, name: str) -> None:
    stream = context.wrap_socket(sock, server_hostname=name) if context else sock
    with stream:
        stream.sendall(b"".join(map(frames.octet_counted, messages)))
        stream.settimeout(CLOSE_SECONDS)
        # A collector that keeps its side open, or closes it without the farewell of TLS, has still read.
        with suppress(TimeoutError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            if isinstance(stream, ssl.SSLSocket):
                stream.unwrap()
            else:
                stream.shutdown(socket.SHUT_WR)
                while stream.recv(4096):
                    pass


TRANSPORT = Transport("syslog", _destinations, _send)
