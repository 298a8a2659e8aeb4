"""What a pass does about every way in which a mail server or a report command can behave.

One row each: the behaviour, what is said, how long it may take. Whatever fails leaves the report in the outbox, is one
line on stderr and exit code 4; the next pass delivers it.
"""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

from tests.cron._site import Site
from tests.delivery._http_servers import Answer, receiver
from tests.delivery._servers import Certificate, free_port, script, server
from tests.delivery._syslog_servers import frames, parsed, streams
from zeeksmtp.cli import app
from zeeksmtp.delivery import mail as mail_transport
from zeeksmtp.delivery import webhook
from zeeksmtp.errors import ExitCode

CASE = "auth_plain_initial"
EHLO = b"250 mx\r\n"
TO_MAIL = (b"220 mx\r\n", EHLO)
TO_DATA = (*TO_MAIL, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n")
TIMEOUT_SECONDS = 1
MARGIN_SECONDS = 5

Serve = Callable[[], AbstractContextManager[int]]


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a site with one report in the outbox that nobody took yet."""
    site = Site(tmp_path_factory.mktemp("waiting"))
    site.put(CASE)
    ends = {"from": "zeeksmtp@corp.example", "to": ["soc@corp.example"]}
    site.given = {"mail": {"host": "localhost", "port": free_port(), "tls": "none"} | ends}
    site.run()
    assert len(site.waiting()) == 1
    return site


def _site(waiting: Site, home: Path, transport: str) -> Site:
    shutil.copytree(waiting.home, home)
    site = Site(home)
    site.within(lambda c: c.exec_driver_sql("UPDATE outbox SET attempts = 0, transports = ?", (f'["{transport}"]',)))
    return site


def _pass(site: Site, *lines: str) -> int:
    config = site.home / "zeeksmtp.toml"
    config.write_text("\n".join([f'log_dir = "{site.logs}"', f'state_dir = "{site.state}"', *lines]))
    return app.run(["cron", "--quiet", "--config", str(config)])


def _mail(port: int, tls: str, ca_file: Path | None) -> list[str]:
    return [
        "[mail]",
        f'host = "localhost"\nport = {port}\ntls = "{tls}"\ntimeout_seconds = {TIMEOUT_SECONDS}',
        'from = "zeeksmtp@corp.example"\nto = ["soc@corp.example"]',
        *([f'ca_file = "{ca_file}"'] if ca_file else []),
    ]


# Servers


def says(*replies: bytes | None) -> Serve:
    """Answer by a script; `None` is silence, the end of the script the end of the connection."""

    @contextmanager
    def serve() -> Iterator[int]:
        with script(*replies) as (port, _):
            yield port

    return serve


def sends(words: bytes, *, every: float) -> Serve:
    """Greet with `words` again and again, without end."""

    @contextmanager
    def serve() -> Iterator[int]:
        ended = threading.Event()

        def drip(listener: socket.socket) -> None:
            with suppress(OSError):
                client, _ = listener.accept()
                with client:
                    while not ended.wait(every):
                        client.sendall(words)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=drip, args=(listener,))
            thread.start()
            try:
                yield listener.getsockname()[1]
            finally:
                ended.set()
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)
                thread.join(20)

    return serve


def nobody() -> Serve:
    @contextmanager
    def serve() -> Iterator[int]:
        yield free_port()

    return serve


CLEAR: dict[str, tuple[Serve, str]] = {
    "nobody listens": (nobody(), "Connection refused"),
    "silent from the start": (says(None), "connection: Connection unexpectedly closed: timed out"),
    "a byte now and then": (sends(b"2", every=0.3), "connection: Connection unexpectedly closed: timed out"),
    "a line now and then": (sends(b"220-mx\r\n", every=0.3), "connection: Connection unexpectedly closed: timed out"),
    "a reply without end": (sends(b"220-mx\r\n" * 1000, every=0), "a reply of more than 32,768 bytes"),
    "a line without end": (sends(b"2" * 10_000, every=0), "connection: "),
    "stalls at EHLO": (says(b"220 mx\r\n", None), "EHLO: "),
    "stalls at MAIL": (says(*TO_MAIL, None), "MAIL FROM: Connection unexpectedly closed: timed out"),
    "stalls at DATA": (says(*TO_DATA[:-1], None), "DATA: Connection unexpectedly closed: timed out"),
    "stalls after the last line": (says(*TO_DATA, None), "DATA: Connection unexpectedly closed: timed out"),
    "drops at once": (says(b""), "connection: Connection unexpectedly closed"),
    "drops at MAIL": (says(*TO_MAIL), "MAIL FROM: Connection unexpectedly closed"),
    "drops in the message": (says(*TO_DATA), "DATA: Connection unexpectedly closed"),
    "is busy": (says(b"421 4.3.2 try later\r\n"), "connection: 421 4.3.2 try later; it goes again with the next pass"),
    "refuses us": (says(b"554 5.7.1 go away\r\n"), "connection: 554 5.7.1 go away; ask who runs the server"),
    "refuses the sender": (says(*TO_MAIL, b"550 5.7.1 no\r\n", b"221 bye\r\n"), "MAIL FROM: 550 5.7.1 no"),
    "refuses the recipient": (says(*TO_MAIL, b"250 ok\r\n", b"550 5.1.1 who?\r\n", b"221 x\r\n"), "550 5.1.1 who?"),
    "greylists": (says(*TO_MAIL, b"250 ok\r\n", b"451 4.7.1 later\r\n", b"221 bye\r\n"), "451 4.7.1 later"),
    "refuses the message": (says(*TO_DATA, b"554 5.7.1 spam\r\n", b"221 bye\r\n"), "DATA: 554 5.7.1 spam"),
    "speaks nonsense": (says(b"hello\r\n"), "connection: "),
}
WITH_STARTTLS: dict[str, tuple[Serve, str]] = {
    "offers no STARTTLS": (says(*TO_MAIL, b"221 bye\r\n"), "STARTTLS: the server offers none"),
    "refuses STARTTLS": (
        says(b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"454 4.7.0 no\r\n", b"221 bye\r\n"),
        "STARTTLS: 454 4.7.0 no",
    ),
    "goes on in clear": (
        says(b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n250-mx\r\n250 AUTH PLAIN\r\n", b"250 mx\r\n"),
        "STARTTLS: ",
    ),
    "stalls in the handshake": (says(b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n", None), "STARTTLS: "),
}
CERTIFICATES = {
    ("good", None): "self-signed certificate",
    ("of_another", "of_another"): "Hostname mismatch",
    ("run_out", "run_out"): "certificate has expired",
}


def _fails(site: Site, said: str, capsys: pytest.CaptureFixture[str], *lines: str, seconds: float) -> None:
    """Run a pass that cannot deliver: what is said, the exit code, the time it takes, and what waits."""
    capsys.readouterr()
    began = time.monotonic()
    code = _pass(site, *lines)
    took = time.monotonic() - began
    output = capsys.readouterr()
    assert code == ExitCode.DEGRADED
    assert said in output.err
    assert output.err.count("\n") == 1 and "(the report waits for the next pass)" in output.err
    assert len(output.err) < 1000
    assert not output.out
    assert took < seconds + MARGIN_SECONDS
    (row,) = site.waiting()
    assert row.attempts == 1 and row.error and row.error in output.err


def _arrives(site: Site, *lines: str) -> None:
    assert _pass(site, *lines) == ExitCode.OK
    assert site.waiting() == []


@pytest.mark.parametrize("behaviour", CLEAR)
def test_a_server_in_clear(
    behaviour: str,
    waiting: Site,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mail_transport, "DONE_SECONDS", 2)
    serve, said = CLEAR[behaviour]
    site = _site(waiting, tmp_path / "site", "mail")
    with serve() as port:
        _fails(site, said, capsys, *_mail(port, "none", None), seconds=2 * TIMEOUT_SECONDS + 2)
    with server() as inbox:
        _arrives(site, *_mail(inbox.port, "none", None))
        assert len(inbox.taken) == 1


@pytest.mark.parametrize("behaviour", WITH_STARTTLS)
def test_a_server_that_downgrades(
    behaviour: str, waiting: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve, said = WITH_STARTTLS[behaviour]
    site = _site(waiting, tmp_path / "site", "mail")
    with serve() as port:
        _fails(site, said, capsys, *_mail(port, "starttls", None), seconds=3 * TIMEOUT_SECONDS)


@pytest.mark.parametrize("case", [(tls, *names) for tls in ("starttls", "implicit") for names in CERTIFICATES])
def test_a_server_with_a_bad_certificate(
    case: tuple[str, str, str | None],
    waiting: Site,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    tls, shown, trusted = case
    certificate: Certificate = request.getfixturevalue(shown)
    ca_file = request.getfixturevalue(trusted).pem if trusted else None
    site = _site(waiting, tmp_path / "site", "mail")
    with server(**{tls: certificate}) as inbox:
        lines = _mail(inbox.port, tls, ca_file)
        _fails(site, CERTIFICATES[shown, trusted], capsys, *lines, seconds=TIMEOUT_SECONDS)
        assert inbox.taken == []


# Webhooks

HOOKS: dict[str, tuple[tuple[Answer | float, ...], str]] = {
    "is busy for a while": (((503, {}, b"busy"),) * 3, "503 busy; it goes again with the next pass"),
    "refuses": (((403, {}, b"no"),), "403 no; ask who runs the receiver"),
    "redirects": (((302, {"Location": "/login"}, b""),), "302 redirects to another path"),
    "is silent": ((60.0,), "no answer within 1 s"),
    "drips": ((0.2,), "no answer within 1 s"),
}


@pytest.mark.parametrize("behaviour", HOOKS)
def test_a_webhook(
    behaviour: str,
    waiting: Site,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook, "RETRY_SECONDS", (0.1, 0.1))
    answers, said = HOOKS[behaviour]
    site = _site(waiting, tmp_path / "site", "webhook:soc")
    with receiver(*answers) as got:
        address = f'[webhooks.soc]\nurl = "http://localhost:{got.port}/in"\nproxy = "none"\n'
        hook = f"{address}timeout_seconds = {TIMEOUT_SECONDS}"
        _fails(site, said, capsys, hook, seconds=TIMEOUT_SECONDS)
        _arrives(site, hook)
    assert len({posted.headers["webhook-id"] for posted in got.got}) == 1


# Syslog


def test_a_collector_that_is_away_gets_the_report_later(
    waiting: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = _site(waiting, tmp_path / "site", "syslog")
    nowhere = f'[syslog]\nto = "tcp://localhost:{free_port()}"\ntimeout_seconds = {TIMEOUT_SECONDS}'
    _fails(site, "Connection refused; check `to`", capsys, nowhere, seconds=TIMEOUT_SECONDS)
    with streams() as collector:
        _arrives(site, f'[syslog]\nto = "tcp://localhost:{collector.port}"')
    (stream,) = collector.streams
    assert all(parsed(message) for message in frames(stream))


# Commands

COMMANDS = {
    "is not there": (None, "No such file or directory"),
    "fails": ("exit 3", "exit code 3"),
    "dies": ("kill -9 $$", "ended by signal 9"),
    "hangs": ("sleep 60", "not done after 1 s"),
    "ignores the signal to end": ("trap '' TERM INT HUP; sleep 60; sleep 60", "not done after 1 s"),
    "floods stderr": ("yes no >&2", "no no no no no no no no"),
    "floods stdout": ("yes", "not done after 1 s"),
    "floods stderr and fails": ("yes no | head -c 50000000 >&2; exit 3", "exit code 3: "),
    "forks and hangs": ("for n in 1 2 3 4 5 6 7 8; do (sleep 60; sleep 60) & done; wait", "not done after 1 s"),
    "forks without end": ("f() { sleep 0.05; f & f; }; f", "not done after 1 s"),
}


def _command(script: str | None) -> list[str]:
    run = '["/no/such/program"]' if script is None else f"['/bin/sh', '-c', '''{script}''']"
    return ["[report_command]", f"run = {run}", f"timeout_seconds = {TIMEOUT_SECONDS}"]


@pytest.mark.parametrize("behaviour", COMMANDS)
def test_a_report_command(behaviour: str, waiting: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, said = COMMANDS[behaviour]
    site = _site(waiting, tmp_path / "site", "command")
    _fails(site, said, capsys, *_command(words), seconds=TIMEOUT_SECONDS)
    _arrives(site, *_command("cat >/dev/null"))


@pytest.mark.parametrize("words", ["sleep 30 & exit 0", "exec 0<&-; exit 0", "yes >&2 & sleep 0.3; kill $!; exit 0"])
def test_a_report_command_that_has_taken_it(words: str, waiting: Site, tmp_path: Path) -> None:
    """What it leaves running is its own affair, and neither waited for nor killed."""
    began = time.monotonic()
    _arrives(_site(waiting, tmp_path / "site", "command"), *_command(words))
    assert time.monotonic() - began < MARGIN_SECONDS
