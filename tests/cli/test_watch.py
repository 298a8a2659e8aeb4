"""`zeeksmtp watch`: its words, its lines, and how it ends where it cannot begin."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.conftest import Run
from zeeksmtp.errors import ExitCode
from zeeksmtp.watch import loop

ZEEK = shutil.which("zeek") or shutil.which("/opt/zeek/bin/zeek")
ROOT = Path(__file__).parents[2]


HINT = "--debug or --log-file FILE shows the traceback"


def end_soon(after: float = 4.0) -> None:
    """Send this process SIGTERM, as an init system would."""
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()


def test_lines_for_a_person(zeeksmtp: Run, leak: Path, snapshot: SnapshotAssertion) -> None:
    """One line a finding: when, how bad, what, and by which id it is known."""
    end_soon()
    ended = zeeksmtp("watch", leak, "--from-start")
    assert (ended.code, ended.err) == (ExitCode.OK, "")
    assert ended.out == snapshot


def test_json_lines_have_the_shape_of_the_report(zeeksmtp: Run, leak: Path) -> None:
    """The same object as in the report's `findings`, in one line of ASCII."""
    report = {f["id"]: f for f in json.loads(zeeksmtp("report", leak, "--format", "json").out)["findings"]}
    end_soon()
    ended = zeeksmtp("watch", leak, "--from-start", "--format", "json")
    found = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.out.isascii()
    assert len(found) == 6
    # What an observed finding replaces is known once all detectors have run.
    assert all(finding == report[finding["id"]] | {"replaces": finding["replaces"]} for finding in found)


def test_hostile_names_stay_in_their_line(zeeksmtp: Run, leak: Path, tmp_path: Path) -> None:
    """A user name holds a terminal escape and a line end, once as Zeek writes them and once raw in JSON."""
    (tmp_path / "logs").mkdir()
    log = (leak / "smtp_auth.log").read_bytes().replace(b"\talice\t", rb"\t\x1b[31m\x0aroot \xe2\x80\xae" + b"\t")
    (tmp_path / "logs" / "smtp_auth.log").write_bytes(log.replace(rb"\t\x1b", b"\t" + rb"\x1b"))
    end_soon()
    ended = zeeksmtp("watch", tmp_path / "logs", "--from-start")
    assert "root" in ended.out
    assert len(ended.out.splitlines()) == 6
    assert all(character.isprintable() or character == "\n" for character in ended.out)


def test_a_path_that_is_not_there(zeeksmtp: Run, tmp_path: Path) -> None:
    """One line with a remedy, as everywhere."""
    ended = zeeksmtp("watch", tmp_path / "nowhere")
    assert (ended.code, ended.out) == (ExitCode.NO_INPUT, "")
    assert "no such directory; return the folder that Zeek writes its logs to" in ended.err


def test_a_path_that_is_a_file(zeeksmtp: Run, leak: Path) -> None:
    """What follows is a folder: a file would be lost with its first rotation."""
    assert zeeksmtp("watch", leak / "smtp_auth.log").code == ExitCode.USAGE


def test_a_failed_check_is_said_once(zeeksmtp: Run, leak: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others go on, and so does the watch."""
    from zeeksmtp.detectors import crackable_auth

    def fail(*_: object) -> None:
        raise ValueError("hunter2")

    monkeypatch.setattr(crackable_auth, "DETECTOR", replaced(crackable_auth.DETECTOR, fail))
    monkeypatch.setattr(loop.WatchRequest.__init__, "__defaults__", (False, 24, 0.2))
    end_soon(8)
    ended = zeeksmtp("watch", leak, "--from-start")
    assert ended.err == f"zeeksmtp: crackable-auth: failed: ValueError; {HINT}\n"
    assert len(ended.out.splitlines()) >= 6


def replaced(detector: object, plan: object) -> object:
    """Return a detector with another plan."""
    from dataclasses import replace

    return replace(detector, plan=plan)  # type: ignore[type-var]


@pytest.mark.skipif(ZEEK is None, reason="Zeek is not installed: no live log is written")
def test_a_real_zeek_writes_the_logs(tmp_path: Path, captures: Path) -> None:
    """Zeek reads a capture and writes logs in the followed folder; the passwords in it are reported."""
    assert ZEEK is not None
    logs = tmp_path / "logs"
    logs.mkdir()
    command = [sys.executable, "-m", "zeeksmtp", "watch", str(logs), "--format", "json"]
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)
    time.sleep(5)
    capture = captures / "auth_plain_initial" / "capture.pcap"
    subprocess.run([ZEEK, "-C", "-r", str(capture), str(ROOT / "zeek_scripts")], cwd=logs, check=True)
    time.sleep(6)
    watcher.send_signal(signal.SIGINT)
    out, err = watcher.communicate(timeout=10)
    found = [json.loads(line) for line in out.splitlines()]
    assert (watcher.returncode, err) == (0, b"")
    assert {"alice", "bob"} <= {user for finding in found for user in finding["accounts"]}
    assert len(found) == len({finding["id"] for finding in found})
