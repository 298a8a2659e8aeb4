"""Webhooks over real HTTP: signed, retried, verified, ended in time; and no secret in what is said of a failure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.delivery._envelopes import SECRET, envelope, settings
from tests.delivery._http_servers import Receiver, receiver
from tests.delivery._servers import Certificate, each_bad_certificate, free_port
from zeeksmtp.config import Settings
from zeeksmtp.delivery import configured, send, webhook
from zeeksmtp.errors import DeliveryError
from zeeksmtp.model import View

KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "RETRY_SECONDS", (0.05, 0.1))
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def hook(port: int, scheme: str = "http", **more: Any) -> Settings:
    return settings(webhooks={"soc": {"url": f"{scheme}://localhost:{port}/in", "timeout_seconds": 5} | more})


def failure(config: Settings) -> str:
    with pytest.raises(DeliveryError) as caught:
        send("webhook:soc", envelope(), config)
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 600
    return text


def only(got: Receiver) -> Any:
    (posted,) = got.got
    return posted


def test_each_address_is_a_channel_of_its_own() -> None:
    both = settings(webhooks={"soc": {"url": "https://a.example/"}, "chat": {"url": "https://b.example/"}})
    assert configured(both) == ("webhook:chat", "webhook:soc")


def test_the_report_arrives_as_it_is() -> None:
    with receiver() as got:
        send("webhook:soc", envelope(id_="pass-7"), hook(got.port))
    posted = only(got)
    assert (posted.method, posted.path) == ("POST", "/in")
    assert posted.body.decode() == envelope().render("json", View())
    assert posted.headers["content-type"] == "application/json"
    assert posted.headers["webhook-id"] == "pass-7"
    assert abs(int(posted.headers["webhook-timestamp"]) - time.time()) < 60
    assert "webhook-signature" not in posted.headers and "authorization" not in posted.headers


def test_the_signature_holds_for_id_time_and_body() -> None:
    with receiver() as got:
        send("webhook:soc", envelope(), hook(got.port, signing_key=f"whsec_{KEY}"))
    posted = only(got)
    signed = f"{posted.headers['webhook-id']}.{posted.headers['webhook-timestamp']}.".encode() + posted.body
    digest = hmac.new(base64.b64decode(KEY), signed, hashlib.sha256).digest()
    assert posted.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize("key", ["short", "c2hvcnQ=", "ü" * 40, SECRET])
def test_a_key_that_is_none(key: str) -> None:
    with receiver() as got:
        text = failure(hook(got.port, signing_key=key))
    assert "signing key" in text and key not in text
    assert got.got == []


def test_it_fails_twice_and_then_accepts() -> None:
    with receiver((503, {}, b"busy"), (502, {}, b"")) as got:
        send("webhook:soc", envelope(id_="pass-7"), hook(got.port))
    assert [posted.headers["webhook-id"] for posted in got.got] == ["pass-7"] * 3
    assert len({posted.body for posted in got.got}) == 1


def test_it_fails_three_times_and_the_report_waits() -> None:
    with receiver(*[(503, {}, b"bu\x1b[31msy")] * 9) as got:
        text = failure(hook(got.port))
    assert len(got.got) == 3
    assert text == "webhook soc (localhost): 503 bu\\x1b[31msy; it goes again with the next pass"


def test_it_waits_as_long_as_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(webhook.time, "sleep", waits.append)
    with receiver((429, {"Retry-After": "7"}, b""), (429, {"Retry-After": "never"}, b"")) as got:
        send("webhook:soc", envelope(), hook(got.port))
        assert waits == [7.0, 0.1]
    with receiver((429, {"Retry-After": "3600"}, b"")) as got:
        assert "429; it goes again" in failure(hook(got.port))
    assert len(waits) == 2 and len(got.got) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
def test_a_refusal_is_not_repeated(status: int) -> None:
    with receiver((status, {}, b"invalid_payload")) as got:
        assert f"{status} invalid_payload; ask who runs the receiver" in failure(hook(got.port))
    assert len(got.got) == 1


def test_no_redirect_is_followed() -> None:
    with receiver() as other, receiver((307, {"Location": f"http://localhost:{other.port}/x"}, b"")) as got:
        text = failure(hook(got.port, authorization=SECRET))
        assert "307 redirects to localhost; no redirect is followed" in text
        assert other.got == []


def test_silence_ends_and_is_not_repeated() -> None:
    with receiver(60.0) as got:
        began = time.monotonic()
        assert "no answer within 1 s" in failure(hook(got.port, timeout_seconds=1))
        assert time.monotonic() - began < 5
    assert len(got.got) == 1


def test_a_byte_now_and_then_ends_too() -> None:
    with receiver(0.2) as got:
        began = time.monotonic()
        assert "no answer within 1 s" in failure(hook(got.port, timeout_seconds=1))
        assert time.monotonic() - began < 5


def test_a_reply_without_end_is_read_in_part() -> None:
    with receiver((400, {}, b"x" * 5_000_000)) as got:
        assert len(failure(hook(got.port))) < 400


def test_nobody_listens() -> None:
    assert "Connection refused; check the address" in failure(hook(free_port()))


def test_over_tls(good: Certificate) -> None:
    with receiver(tls=good) as got:
        send("webhook:soc", envelope(), hook(got.port, "https", ca_file=good.pem, authorization=f"Bearer {SECRET}"))
    assert only(got).headers["authorization"] == f"Bearer {SECRET}"


@each_bad_certificate
def test_a_bad_certificate_is_refused(
    shown: str, trusted: str | None, reason: str, request: pytest.FixtureRequest
) -> None:
    ca_file = request.getfixturevalue(trusted).pem if trusted else None
    with receiver(tls=request.getfixturevalue(shown)) as got:
        text = failure(hook(got.port, "https", ca_file=ca_file, authorization=SECRET))
    assert "certificate refused" in text and reason in text
    assert got.got == []


def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    assert failure(hook(1, ca_file=tmp_path / "no.pem")).startswith(f"ca_file {tmp_path}/no.pem: ")


def test_by_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is asked for a tunnel, and neither report nor token is shown to it."""
    target = settings(
        webhooks={"soc": {"url": "https://hooks.corp.example/in", "authorization": SECRET, "timeout_seconds": 5}}
    )
    with receiver(*[(403, {}, b"no")] * 9) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        assert "403" in failure(target)
        assert {(posted.method, posted.path) for posted in proxy.got} == {("CONNECT", "hooks.corp.example:443")}
        assert all(not posted.body and "authorization" not in posted.headers for posted in proxy.got)


def test_the_settings_may_name_a_proxy_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as got, receiver(*[(403, {}, b"no")] * 9) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        send("webhook:soc", envelope(), hook(got.port, proxy="none"))
        assert len(got.got) == 1 and proxy.got == []


# Secrets


def test_a_token_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("Splunk 0000-1111\n")
    (tmp_path / "token").chmod(0o600)
    with receiver() as got:
        send("webhook:soc", envelope(), hook(got.port, authorization_file=tmp_path / "token"))
    assert only(got).headers["authorization"] == "Splunk 0000-1111"


def test_an_address_comes_from_a_file_and_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "url"
    with receiver((404, {}, b"no_team")) as got:
        file.write_text(f"http://localhost:{got.port}/services/{SECRET}\n")
        file.chmod(0o600)
        text = failure(settings(webhooks={"soc": {"url_file": file}}))
    assert only(got).path == f"/services/{SECRET}"
    assert SECRET not in text


@pytest.mark.parametrize("location", ["http://other.example{path}", "{path}", "http://[x{path}"])
def test_an_address_is_not_shown_by_way_of_a_redirect_or_a_reply(location: str) -> None:
    path = f"/services/{SECRET}"
    with receiver((301, {"Location": location.format(path=path)}, b""), (404, {}, f"no {path}".encode())) as got:
        config = settings(webhooks={"soc": {"url": f"http://localhost:{got.port}{path}"}})
        assert SECRET not in failure(config)
        assert SECRET not in failure(config)
    assert len(got.got) == 2


@pytest.mark.parametrize("content", ["ftp://x.example/", "https://u:p@x.example/", "http://x.example/", "no-url"])
def test_an_address_in_a_file_is_checked(content: str, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(content)
    file.chmod(0o600)
    text = failure(settings(webhooks={"soc": {"url_file": file}}))
    assert text.startswith(f"webhook soc: url_file {file}: ")
    assert content not in text


def test_a_receiver_that_repeats_a_secret_is_not_quoted() -> None:
    with receiver((401, {}, f"no such token: {SECRET}".encode())) as got:
        text = failure(hook(got.port, authorization=SECRET))
    assert SECRET not in text and "401" in text


def test_bodies_are_ascii_json() -> None:
    for body in ("slack", "teams", "discord", "matrix"):
        with receiver() as got:
            send("webhook:soc", envelope(), hook(got.port, body=body))
        assert only(got).body.isascii() and json.loads(only(got).body)
