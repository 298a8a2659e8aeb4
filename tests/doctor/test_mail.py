"""The mail server: doctor talks to a real one, and sends nothing."""

from pathlib import Path

import pytest

from tests.delivery._envelopes import mail
from tests.delivery._servers import USER, Certificate, certificate, free_port, server
from zeeksmtp.config import Settings
from zeeksmtp.doctor.mail import answering


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls") / "good", "localhost")


def test_without_a_mail_server_there_is_nothing_to_check() -> None:
    assert list(answering(Settings())) == []


def test_a_server_that_works_gets_no_mail(good: Certificate) -> None:
    with server(starttls=good) as inbox:
        (check,) = answering(mail(inbox.port, tls="starttls", ca_file=good.pem))
    assert check.verdict == "ok"
    assert inbox.taken == []


def test_a_wrong_password_fails_and_is_not_shown(good: Certificate, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wrong-pass-77\n")
    secret.chmod(0o600)
    with server(starttls=good) as inbox:
        given = mail(inbox.port, tls="starttls", ca_file=good.pem, username=USER, password_file=secret)
        (check,) = answering(given)
    assert check.verdict == "fail"
    assert check.remedy == "check `username` and password"
    assert "wrong-pass-77" not in check.what


def test_nobody_there_fails() -> None:
    (check,) = answering(mail(free_port()))
    assert (check.verdict, check.about) == ("fail", "mail")
