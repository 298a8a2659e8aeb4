"""Logs that come through a pipe: one or several in a stream, plain or packed, and what cannot be read so."""

import gzip
import json
import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT
from zeeksmtp.cli import _streams
from zeeksmtp.errors import ExitCode, UnusableError

OTHER = b"#separator \\x09\n#path\tdhcp\n#fields\tts\tuids\n#types\ttime\tset[string]\n" + b"1.0\tC1\n" * 20_000


def piped(data: bytes, *words: object) -> subprocess.CompletedProcess[bytes]:
    """Run the program with `data` on its standard input."""
    command = [sys.executable, "-m", "zeeksmtp", *map(str, words)]
    return subprocess.run(command, input=data, capture_output=True, check=False, cwd=ROOT)


def logs_of(folder: Path) -> list[bytes]:
    """Return the content of every log in a folder."""
    return [path.read_bytes() for path in sorted(folder.glob("*.log"))]


def findings(report: bytes) -> Any:
    """Return the findings of a JSON report."""
    return json.loads(report)["findings"]


@pytest.fixture
def from_files(leak: Path) -> Any:
    """Return the findings of the same logs as files."""
    return findings(piped(b"", "report", leak, "--format", "json").stdout)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_headers_separate_the_logs_of_a_stream(leak: Path, from_files: Any, pack: Any) -> None:
    ended = piped(b"".join(map(pack, logs_of(leak))), "report", "-", "--format", "json")
    assert (ended.returncode, ended.stderr) == (ExitCode.OK, b"")
    assert from_files
    assert findings(ended.stdout) == from_files
    assert {file["path"] for file in json.loads(ended.stdout)["inputs"]["files"]} == {"/dev/stdin"}


def test_path_keys_separate_the_logs_of_a_json_stream(leak: Path, from_files: Any) -> None:
    lines = []
    for path in sorted((leak.parent / "json").glob("*.log")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        lines += [json.dumps({"_path": path.stem, **row}) for row in rows]
    ended = piped("\n".join([*sorted(lines), ""]).encode(), "report", "-", "--format", "json")
    assert findings(ended.stdout) == from_files


def test_a_stream_may_begin_with_a_log_that_is_not_read(leak: Path, from_files: Any) -> None:
    ended = piped(b"".join([OTHER, *logs_of(leak)]), "report", "-", "--format", "json")
    assert findings(ended.stdout) == from_files


def test_every_command_that_takes_logs_takes_a_stream(leak: Path) -> None:
    stream = b"".join(logs_of(leak))
    listed = piped(stream, "logs", "-")
    assert {line.split(b"\t")[0] for line in listed.stdout.splitlines()} >= {b"conn", b"smtp_auth"}
    uid = findings(piped(stream, "report", "-", "--format", "json").stdout)[0]["uids"][0]
    assert b"AUTH" in piped(stream, "session", uid, "-").stdout
    shown = piped(stream, "show", "1", "-")
    assert f"zeeksmtp session {uid} -\n".encode() in shown.stdout
    assert b"next: zeeksmtp show 1 -\n" in piped(stream, "report", "-").stdout


def test_process_substitution_and_a_named_pipe(leak: Path, from_files: Any, tmp_path: Path) -> None:
    quoted = shlex.join([sys.executable, "-m", "zeeksmtp", "report", "--format", "json"])
    script = f"{quoted} <(cat {leak}/smtp*.log) <(gzip -c {leak}/conn.log)"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, check=True, cwd=ROOT)
    assert {file["log"] for file in json.loads(ended.stdout)["inputs"]["files"]} >= {"conn", "smtp_auth"}
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    threading.Thread(target=pipe.write_bytes, args=(b"".join(logs_of(leak)),), daemon=True).start()
    assert findings(piped(b"", "report", pipe, "--format", "json").stdout) == from_files


def test_what_is_no_log_is_said_and_ends_with_3() -> None:
    for data in (b"", b"hello\n", OTHER):
        ended = piped(data, "report", "-")
        assert ended.returncode == ExitCode.NO_INPUT
        assert b"/dev/stdin" in ended.stderr


def test_a_stream_has_a_bound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_streams, "MAX_STREAM_BYTES", 10)
    (tmp_path / "long").write_bytes(b"x" * 11)
    with (tmp_path / "long").open("rb") as file, pytest.raises(UnusableError, match="longer than"):
        _streams.spool(file, "standard input")


def test_nothing_of_a_stream_stays_on_the_disk(leak: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zeeksmtp", "report", "-"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run(command, input=b"".join(logs_of(leak)), capture_output=True, check=True, env=environment, cwd=ROOT)
    assert list(tmp_path.iterdir()) == []
