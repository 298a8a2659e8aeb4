"""`zeeksmtp notify test`: a sample goes through every channel, and what fails is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.delivery import _syslog_servers
from tests.delivery._http_servers import receiver
from tests.delivery._servers import free_port, server
from zeeksmtp.cli import app
from zeeksmtp.delivery import webhook
from zeeksmtp.errors import ExitCode


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "RETRY_SECONDS", (0.05, 0.05))


def notify(home: Path, config: str, *words: str) -> int:
    (home / "zeeksmtp.toml").write_text(config)
    return app.run(["notify", "test", *words, "--config", str(home / "zeeksmtp.toml")])


def test_every_channel_gets_the_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "latest.json").write_text("the report")
    with server() as inbox, _syslog_servers.streams() as collector, receiver() as chat, receiver() as soc:
        config = f"""
report_files = ["{tmp_path}/latest.json"]
report_command = {{run = ["/bin/sh", "-c", "cat > {tmp_path}/taken"]}}
mail = {{host = "localhost", port = {inbox.port}, tls = "none", from = "z@corp.example", to = ["soc@corp.example"]}}
syslog = {{to = "tcp://localhost:{collector.port}"}}
webhooks.chat = {{url = "http://localhost:{chat.port}/", body = "slack", proxy = "none"}}
webhooks.soc = {{url = "http://localhost:{soc.port}/", proxy = "none"}}
"""
        assert notify(tmp_path, config) == ExitCode.OK
    channels = ["command", "file", "mail", "syslog", "webhook:chat", "webhook:soc"]
    assert capsys.readouterr().out.splitlines() == [f"ok    {channel}: sent" for channel in channels]
    assert (tmp_path / "latest.json").read_text() == "the report"
    texts = [(tmp_path / "latest-test.json").read_text(), (tmp_path / "taken").read_text()]
    texts += [content.decode() for content in (chat.got[0].body, soc.got[0].body, collector.streams[0])]
    content = inbox.taken[0].content
    assert isinstance(content, bytes)
    assert all("Test of delivery" in text for text in [*texts, content.decode()])
    assert json.loads(texts[0])["incidents"][0]["severity"] == "info"


def test_what_fails_is_named_and_the_others_are_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    config = f'report_files = ["{tmp_path}/a.md"]\nmail = {{host = "localhost", port = {port}, tls = "none", '
    config += 'from = "z@corp.example", to = ["soc@corp.example"]}\nwebhooks.a.url = "http://localhost:1/"\n'
    assert notify(tmp_path, config) == ExitCode.DEGRADED
    out = capsys.readouterr().out.splitlines()
    assert [line[:12] for line in out] == ["ok    file: ", "fail  mail: ", "fail  webhoo"]
    assert "Connection refused" in out[1] and out[2].startswith("fail  webhook:a: webhook a (localhost): ")


def test_one_channel_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = f'report_files = ["{tmp_path}/a.md"]\n[webhooks.chat]\nurl = "http://localhost:1/"\n'
    assert notify(tmp_path, config, "file") == ExitCode.OK
    assert capsys.readouterr().out == "ok    file: sent\n"
    assert notify(tmp_path, config, "webhook:chta") == ExitCode.USAGE
    assert "did you mean webhook:chat?" in capsys.readouterr().err


def test_without_a_channel_there_is_nothing_to_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert notify(tmp_path, "alpha = 1e-6\n") == ExitCode.UNUSABLE
    assert "no channel is configured" in capsys.readouterr().err
