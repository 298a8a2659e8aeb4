"""Syslog: what collectors get by UDP, TCP, TLS, `/dev/log` and the journal, parsed by the grammar of RFC 5424."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery import _syslog_servers as servers
from tests.delivery._envelopes import envelope, settings
from tests.delivery._servers import Certificate, each_bad_certificate, free_port
from tests.outputs import _reports
from tests.outputs._hostile import MARKUP, REFERENCES, hostile
from zeeksmtp.config import Settings
from zeeksmtp.delivery import configured, send, syslog
from zeeksmtp.delivery._syslog_events import MAX_EVENTS, MAX_TEXT_BYTES, events_of
from zeeksmtp.delivery_settings import Syslog
from zeeksmtp.errors import DeliveryError
from zeeksmtp.model import Severity

FULL = _reports.full()
IDS = [thing.id for thing in (*FULL.incidents, *(f for f in FULL.findings if f.symptom_of is None))]


def to(collector: str, **more: Any) -> Settings:
    return settings(syslog={"to": collector, "timeout_seconds": 5} | more)


def failure(config: Settings) -> str:
    with pytest.raises(DeliveryError) as caught:
        send("syslog", envelope(), config)
    text = str(caught.value)
    assert text.isprintable()
    return text


def check(messages: list[bytes]) -> None:
    """Parse messages and compare them with the report."""
    parts = [servers.parsed(message) for message in messages]
    assert [json.loads(part["msg"])["id"] for part in parts] == IDS
    assert {part["app"] for part in parts} == {"zeeksmtp"}
    assert [part["msgid"] for part in parts] == ["incident"] + ["finding"] * (len(IDS) - 1)
    assert parts[0]["pri"] == str(16 * 8 + 2)
    assert parts[0]["time"] == "2026-11-24T07:00:00.000000Z"
    assert re.fullmatch(r'\[origin software="zeeksmtp" swVersion="[0-9.]+"\]', parts[0]["sd"])
    assert max(map(len, messages)) < 2048


def test_it_is_on_with_a_collector() -> None:
    assert configured(to("journal")) == ("syslog",)


def test_udp() -> None:
    with servers.datagrams(servers.udp()) as got:
        send("syslog", envelope(), to(f"udp://127.0.0.1:{got.port}"))
    check(got.datagrams)


def test_tcp() -> None:
    with servers.streams() as got:
        send("syslog", envelope(), to(f"tcp://localhost:{got.port}"))
    (stream,) = got.streams
    check(servers.frames(stream))


def test_tls(good: Certificate) -> None:
    with servers.streams(tls=good) as got:
        send("syslog", envelope(), to(f"tls://localhost:{got.port}", ca_file=good.pem))
    (stream,) = got.streams
    check(servers.frames(stream))


@each_bad_certificate
def test_a_bad_certificate_is_refused(
    shown: str, trusted: str | None, reason: str, request: pytest.FixtureRequest
) -> None:
    ca_file = request.getfixturevalue(trusted).pem if trusted else None
    with servers.streams(tls=request.getfixturevalue(shown)) as got:
        text = failure(to(f"tls://localhost:{got.port}", ca_file=ca_file))
    assert "certificate refused" in text and reason in text
    assert not any(got.streams)


def test_dev_log(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    with servers.datagrams(servers.unix(path)) as got:
        send("syslog", envelope(), to(f"unix://{path}", format="text", facility="authpriv"))
    first = got.datagrams[0].decode("ascii")
    assert re.fullmatch(
        r"<82>Nov 24 \d\d:00:00 zeeksmtp\[\d+\]: incident 00000000000000aa critical seen: Clear.*", first
    )
    assert len(got.datagrams) == len(IDS)


def test_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "journal")
    monkeypatch.setattr(Syslog, "path", path)
    with servers.datagrams(servers.unix(path)) as got:
        send("syslog", envelope(), to("journal"))
    entries = [dict(line.split("=", 1) for line in entry.decode("ascii").splitlines()) for entry in got.datagrams]
    assert [entry["ZEEKSMTP_ID"] for entry in entries] == IDS
    assert [json.loads(entry["MESSAGE"])["id"] for entry in entries] == IDS
    assert {key: entries[0][key] for key in ("PRIORITY", "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER", "ZEEKSMTP_KIND")} == {
        "PRIORITY": "2",
        "SYSLOG_FACILITY": "16",
        "SYSLOG_IDENTIFIER": "zeeksmtp",
        "ZEEKSMTP_KIND": "incident",
    }


# Content


def test_a_message_says_what_the_finding_says() -> None:
    event = json.loads(list(events_of(FULL, "json"))[1].text)
    finding = FULL.findings[0]
    for key in ("id", "severity", "title", "detector", "confidence", "visibility", "count", "summary"):
        assert event[key] == getattr(finding, key)
    assert (event["clients"], event["clients_total"], event["incident"]) == (["10.0.1.5"], 1, FULL.incidents[0].id)


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("attack", [MARKUP, "\n<1>1 - - evil - - - x", "\ud800", "😀" * 3000, '"]\\', "\x00" * 3000])
def test_whatever_was_logged_stays_in_its_message(form: Any, attack: str) -> None:
    events = list(events_of(hostile(FULL, attack, keep=REFERENCES), form))
    assert len(events) == len(IDS)
    for event in events:
        assert event.text.isascii() and event.text.isprintable()
        assert len(event.text) <= MAX_TEXT_BYTES
        assert form == "text" or json.loads(event.text)["id"] == event.id


@given(text=st.text(max_size=40))
def test_any_text(text: str) -> None:
    report = _reports.holding(text)
    for form in ("json", "text"):
        assert all(event.text.isascii() and event.text.isprintable() for event in events_of(report, form))


def test_a_flood_is_cut_off_at_its_end() -> None:
    many = FULL.model_copy(update={"findings": FULL.findings * 400})
    events = list(events_of(many, "json"))
    assert len(events) == MAX_EVENTS and events[0].kind == "incident"


def test_every_severity_has_its_priority() -> None:
    levels = [FULL.model_copy(update={"findings": (finding,), "incidents": ()}) for finding in FULL.findings]
    got = {report.findings[0].severity: [e.priority for e in events_of(report, "json")] for report in levels[:6]}
    assert got == {
        Severity.CRITICAL: [2],
        Severity.HIGH: [3],
        Severity.MEDIUM: [4],
        Severity.LOW: [5],
        Severity.INFO: [6],
    }


# Failures


@pytest.mark.parametrize("way", ["tcp", "tls", "udp"])
def test_nobody_listens(way: str) -> None:
    text = failure(to(f"{way}://127.0.0.1:{free_port()}"))
    assert "Connection refused; check `to`" in text


def test_no_socket_there(tmp_path: Path) -> None:
    assert "No such file or directory" in failure(to(f"unix://{tmp_path}/log"))


def test_a_collector_that_does_not_read_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # The buffers of the loopback hold megabytes: each message is long enough to fill them.
    monkeypatch.setattr(syslog.frames, "octet_counted", lambda message: b"1000000 " + b"x" * 1_000_000)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        began = time.monotonic()
        assert "timed out" in failure(to(f"tcp://127.0.0.1:{port}", timeout_seconds=1))
        assert time.monotonic() - began < 5


def test_a_collector_that_keeps_the_connection_open_has_taken_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "CLOSE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        send("syslog", envelope(), to(f"tcp://127.0.0.1:{listener.getsockname()[1]}"))


def test_a_collector_that_resets_the_connection_has_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def slam() -> None:
            client, _ = listener.accept()
            client.recv(1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()

        thread = threading.Thread(target=slam)
        thread.start()
        assert failure(to(f"tcp://127.0.0.1:{listener.getsockname()[1]}")).endswith("check `to` and the collector")
        thread.join(20)
