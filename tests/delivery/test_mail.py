"""Mail against real servers: what arrives, what is refused, and that every failure is one line without a secret."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from tests.delivery._envelopes import SECRET, envelope, mail
from tests.delivery._servers import USER, Certificate, Inbox, free_port, script, server
from zeeksmtp.config import Settings
from zeeksmtp.delivery import configured, send
from zeeksmtp.delivery import mail as transport
from zeeksmtp.delivery._trust import tls_context
from zeeksmtp.errors import DeliveryError, ExitCode
from zeeksmtp.model import View

EHLO = b"250 mx\r\n"


def failure(settings: Settings) -> str:
    """Return the one line that a failed attempt ends with."""
    with pytest.raises(DeliveryError) as caught:
        send("mail", envelope(), settings)
    text = str(caught.value)
    assert "\n" not in text
    assert text.isprintable()
    assert caught.value.exit_code == ExitCode.DEGRADED
    for form in (SECRET, base64.b64encode(SECRET.encode()).decode(), plain_auth()):
        assert form not in text
        assert form not in repr(caught.value.__context__)
        assert form not in repr(caught.value.__cause__)
    return text


def plain_auth(password: str = SECRET) -> str:
    return base64.b64encode(f"\0{USER}\0{password}".encode()).decode()


def secure(port: int, certificate: Certificate, **changes: Any) -> Settings:
    login = {"username": USER, "password": SECRET, "ca_file": certificate.pem, "tls": "starttls"}
    return mail(port, **login | changes)


def only(inbox: Inbox) -> EmailMessage:
    """Return the one message that arrived."""
    (envelope,) = inbox.taken
    assert isinstance(envelope.content, bytes)
    return message_from_bytes(envelope.content, policy=default)


# What arrives


def test_nothing_is_mailed_unless_the_settings_say_so() -> None:
    assert configured(Settings()) == ()
    assert configured(mail(25)) == ("mail",)


def test_starttls_and_login(good: Certificate) -> None:
    with server(starttls=good) as inbox:
        send("mail", envelope(), secure(inbox.port, good, to=("a@corp.example", "b@corp.example")))
    assert inbox.encrypted == inbox.logged_in == [True]
    assert inbox.taken[0].mail_from == "zeeksmtp@corp.example"
    assert inbox.taken[0].rcpt_tos == ["a@corp.example", "b@corp.example"]


def test_implicit_tls_and_login(good: Certificate) -> None:
    with server(implicit=good) as inbox:
        send("mail", envelope(), secure(inbox.port, good, tls="implicit"))
    assert inbox.encrypted == inbox.logged_in == [True]


def test_by_address_too(good: Certificate) -> None:
    with server(starttls=good) as inbox:
        send("mail", envelope(), secure(inbox.port, good, host="127.0.0.1"))
    assert len(inbox.taken) == 1


def test_the_mail_has_text_and_page_and_says_that_a_machine_wrote_it() -> None:
    with server() as inbox:
        send("mail", envelope("2 new: Größe"), mail(inbox.port))
    message = only(inbox)
    assert message["Subject"] == "2 new: Größe"
    assert (message["From"], message["To"]) == ("zeeksmtp@corp.example", "soc@corp.example")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.tzinfo is not None
    assert message.get_content_type() == "multipart/alternative"
    text, page = message.iter_parts()
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    for part, form in ((text, "terminal"), (page, "html")):
        assert part.get_content().split() == envelope().render(form, View()).split()


def test_every_line_is_short_and_seven_bit() -> None:
    with server() as inbox:
        send(
            "mail",
            envelope("x" * 3000 + "é" * 3000),
            mail(inbox.port, to=tuple(f"{n}@corp.example" for n in range(50))),
        )
    content = inbox.taken[0].content
    assert isinstance(content, bytes)
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 100
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_a_second_attempt_has_the_same_message_id() -> None:
    with server() as inbox:
        for id_ in ("pass-1", "pass-1", "pass-2"):
            send("mail", envelope(id_=id_), mail(inbox.port))
    ids = [message_from_bytes(envelope.content)["Message-ID"] for envelope in inbox.taken]  # type: ignore[arg-type]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@corp.example>")


def test_a_host_without_a_domain_greets_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with server() as inbox:
        for name in ("sensor", "sensor.corp.example"):
            monkeypatch.setattr(socket, "gethostname", lambda name=name: name)
            send("mail", envelope(), mail(inbox.port, host="127.0.0.1"))
    assert inbox.names == ["[127.0.0.1]", "sensor.corp.example"]


def test_the_page_is_drawn_before_the_server_is_called() -> None:
    def render(form: str) -> str:
        raise LookupError(form)

    with script(b"220 mx\r\n") as (port, lines), pytest.raises(LookupError):
        send("mail", envelope("x", render=render), mail(port))
    assert lines == []


# TLS


def test_without_the_offer_of_starttls_nothing_is_sent() -> None:
    """Somebody between may have cut the offer out, and would read the report and the password."""
    with script(b"220 mx\r\n", b"250-mx\r\n250 AUTH PLAIN LOGIN\r\n", b"221 bye\r\n") as (port, lines):
        text = failure(mail(port, tls="starttls", username=USER, password=SECRET))
    assert "STARTTLS: the server offers none" in text
    assert [line.split()[0].lower() for line in lines] == [b"ehlo", b"quit"]


def test_starttls_that_is_refused_after_the_offer_ends_it() -> None:
    with script(b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"454 4.7.0 no\r\n", b"221 bye\r\n") as (port, lines):
        text = failure(mail(port, tls="starttls", username=USER, password=SECRET))
    assert "STARTTLS: 454 4.7.0 no; it goes again with the next pass" in text
    assert [line.split()[0].lower() for line in lines] == [b"ehlo", b"starttls", b"quit"]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize(
    ("shown", "trusted", "reason"),
    [
        ("good", None, "self-signed certificate"),
        ("of_another", "of_another", "Hostname mismatch"),
        ("run_out", "run_out", "certificate has expired"),
        ("good", "of_another", "self-signed certificate"),
    ],
)
def test_a_bad_certificate_is_refused(
    tls: str, shown: str, trusted: str | None, reason: str, request: pytest.FixtureRequest
) -> None:
    certificate = request.getfixturevalue(shown)
    ca_file = request.getfixturevalue(trusted).pem if trusted else None
    with server(**{tls: certificate}) as inbox:
        text = failure(secure(inbox.port, certificate, tls=tls, ca_file=ca_file))
    assert "certificate refused" in text
    assert reason in text
    assert inbox.taken == []


def test_tls_is_at_least_1_2() -> None:
    context = tls_context(None)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.check_hostname


def test_implicit_tls_to_a_server_that_speaks_first() -> None:
    with script(b"220 mx\r\n", b"500 what\r\n") as (port, _):
        assert "connection: [SSL" in failure(mail(port, tls="implicit"))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_is_none(content: str | None, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    if content:
        ca_file.write_text(content)
    text = failure(mail(free_port() if content else 25, tls="implicit", ca_file=ca_file))
    assert text.startswith(f"ca_file {ca_file}: ")


# Login


def test_a_wrong_password(good: Certificate) -> None:
    with server(starttls=good) as inbox:
        text = failure(secure(inbox.port, good, password="wrong"))
    assert text.startswith(f"mail by localhost port {inbox.port}, AUTH: 535 5.7.8; check `username`")
    assert inbox.taken == []


def test_a_server_that_repeats_what_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of a refused AUTH is not shown: here it holds the password, in both forms."""
    reply = f"535 5.7.8 no user {plain_auth()} {SECRET}\r\n".encode()
    with script(b"220 mx\r\n", b"250-mx\r\n250 AUTH PLAIN\r\n", reply, b"221 bye\r\n") as (port, _):
        # The settings refuse a password without TLS, so TLS is taken away behind their back.
        monkeypatch.setattr(transport._Attempt, "_encrypt", lambda self, client: client.ehlo())
        assert "535 5.7.8; check" in failure(mail(port, tls="starttls", username=USER, password=SECRET))


def test_a_server_without_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport._Attempt, "_encrypt", lambda self, client: client.ehlo())
    with script(b"220 mx\r\n", EHLO, b"221 bye\r\n") as (port, _):
        text = failure(mail(port, tls="starttls", username=USER, password=SECRET))
    assert "AUTH: SMTP AUTH extension not supported" in text


@pytest.mark.parametrize("content", [SECRET, f"{SECRET}\n", f"{SECRET}\r\nsecond line\n"])
def test_the_password_from_a_file(content: str, good: Certificate, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(content)
    file.chmod(0o600)
    with server(starttls=good) as inbox:
        send("mail", envelope(), secure(inbox.port, good, password=None, password_file=file))
    assert len(inbox.taken) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666, 0o601])
def test_a_password_file_that_others_can_open_is_refused(mode: int, good: Certificate, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(SECRET)
    file.chmod(mode)
    with server(starttls=good) as inbox:
        text = failure(secure(inbox.port, good, password=None, password_file=file))
    assert text == f"password_file {file}: others have access to it; run chmod 600 on it"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file or directory"), ("", "first line is empty"), ("\nx", "first line is empty"), ("ü", "ASCII")],
)
def test_a_password_file_without_a_password(
    content: str | None, reason: str, good: Certificate, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
        file.chmod(0o600)
    with server(starttls=good) as inbox:
        assert reason in failure(secure(inbox.port, good, password=None, password_file=file))


def test_a_folder_is_no_password_file(good: Certificate, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with server(starttls=good) as inbox:
        assert "password_file" in failure(secure(inbox.port, good, password=None, password_file=tmp_path))


def test_a_pipe_is_no_password_file_and_does_not_hold_us_up(good: Certificate, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "password", 0o600)
    with server(starttls=good) as inbox:
        text = failure(secure(inbox.port, good, password=None, password_file=tmp_path / "password"))
    assert text.endswith("password: not a file; name one that holds the password")


@pytest.mark.parametrize("missing", ["PLAIN", "LOGIN"])
def test_either_mechanism_is_enough(missing: str, good: Certificate) -> None:
    with server(starttls=good, auth_exclude_mechanism=[missing]) as inbox:
        send("mail", envelope(), secure(inbox.port, good))
    assert inbox.logged_in == [True]


# Refusals and silence


def test_a_refused_recipient_does_not_keep_the_mail_from_the_others() -> None:
    with server() as inbox:
        inbox.replies["gone@corp.example"] = "550 5.1.1 no such\x1b[2J user"
        send("mail", envelope(), mail(inbox.port, to=("soc@corp.example", "gone@corp.example")))
    assert inbox.taken[0].rcpt_tos == ["soc@corp.example"]
    text = only(inbox).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text.startswith("This report could not be sent to gone@corp.example: 550 5.1.1 no such")
    assert "\x1b" not in text


def test_if_all_are_refused_nothing_is_sent() -> None:
    with server() as inbox:
        inbox.replies = dict.fromkeys(("a@corp.example", "b@corp.example"), "550 5.1.1 no such user")
        text = failure(mail(inbox.port, to=tuple(inbox.replies)))
    assert "RCPT TO a@corp.example: 550 5.1.1 no such user" in text
    assert inbox.taken == []


def test_a_greylisted_mail_goes_with_the_next_attempt() -> None:
    with server() as inbox:
        inbox.replies["soc@corp.example"] = "451 4.7.1 Greylisted, try again"
        assert "451 4.7.1 Greylisted, try again" in failure(mail(inbox.port))
        del inbox.replies["soc@corp.example"]
        send("mail", envelope(), mail(inbox.port))
    assert len(inbox.taken) == 1


def test_a_message_that_is_refused() -> None:
    with server() as inbox:
        inbox.replies["DATA"] = "554 5.7.1 looks like spam"
        text = failure(mail(inbox.port))
    assert "DATA: 554 5.7.1 looks like spam; ask who runs the server" in text


def test_a_message_that_is_too_long() -> None:
    with server(data_size_limit=1000) as inbox:
        assert "DATA: 552" in failure(mail(inbox.port))


TO_DATA = (b"220 mx\r\n", EHLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n")


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ([None], "connection: Connection unexpectedly closed: timed out"),
        ([b"554 no\r\n"], "connection: 554 no; ask who runs the server"),
        ([b"220 mx\r\n", None], "EHLO: "),
        ([b"220 mx\r\n", EHLO, None], "MAIL FROM: Connection unexpectedly closed: timed out"),
        ([b"220 mx\r\n", EHLO, b"451 4.3.0 \x1b[31mlater\x00\xff\r\n"], "MAIL FROM: 451 4.3.0 \\x1b[31mlater\\x00"),
        ([b"220 mx\r\n", EHLO, b"250 ok\r\n", None], "RCPT TO soc@corp.example: Connection unexpectedly"),
        ([b"220 mx\r\n", EHLO, b"250 ok\r\n", b"250 ok\r\n", b"451 full\r\n"], "DATA: 451 full"),
        ([b"220 mx\r\n", EHLO, b"250 ok\r\n", b"250 ok\r\n"], "DATA: Connection unexpectedly closed"),
        ([b"x" * 20_000 + b"\r\n"], "connection: "),
    ],
)
def test_a_server_that_fails_or_falls_silent(replies: list[bytes | None], reason: str) -> None:
    with script(*replies) as (port, _):
        text = failure(mail(port, timeout_seconds=1))
    assert text.startswith(f"mail by localhost port {port}, {reason}")
    assert len(text) < 600


def test_silence_after_the_last_line_is_waited_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5321 asks for ten minutes there: the server may have taken the mail, and a second one would be double."""
    assert transport.DONE_SECONDS == 600
    monkeypatch.setattr(transport, "DONE_SECONDS", 3)
    with script(*TO_DATA, None) as (port, _):
        began = time.monotonic()
        with pytest.raises(DeliveryError, match="DATA: Connection unexpectedly closed: timed out"):
            send("mail", envelope("x", render=lambda form: form), mail(port, timeout_seconds=1))
    assert time.monotonic() - began >= 3


@pytest.mark.parametrize("farewell", [[b"500 what\r\n"], [None], []])
def test_a_bad_farewell_is_no_failure(farewell: list[bytes | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The message was taken: to send it again would double it."""
    monkeypatch.setattr(transport, "DONE_SECONDS", 1)
    with script(*TO_DATA, b"250 taken\r\n", *farewell) as (port, lines):
        send("mail", envelope(), mail(port))
    assert b".\r\n" in lines


def test_nobody_listens() -> None:
    port = free_port()
    text = failure(mail(port))
    assert text.startswith(f"mail by localhost port {port}, connection: ")
    assert text.endswith("Connection refused; check `host`, `port`, `tls` and the network")


def test_a_host_that_is_not_there() -> None:
    assert "connection: " in failure(mail(25, host="no-such-host.invalid"))
