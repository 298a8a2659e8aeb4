"""The program follows real files that a writer appends to: promptly, each line once, whatever happens to the files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.watch.conftest import CAPTURES, Log, Start, append

FORMS = ["tsv", "json"]
each_form = pytest.mark.parametrize("form", FORMS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty log directory."""
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


@each_form
def test_a_slow_writer(start: Start, folder: Path, form: str) -> None:
    """Header and rows come in pieces, one of them in the middle of a line, with bytes that are no UTF-8 between."""
    log, path = Log(form), folder / "smtp_auth.log"
    watcher = start(folder)
    half = len(log.header) // 2
    append(path, log.header[:half])
    time.sleep(1.2)
    append(path, log.header[half:] + log.row("first"))
    seconds = [watcher.wait_for_users("first")]
    row = log.row("second")
    append(path, row[:60])
    time.sleep(1.5)
    assert watcher.users() == ["first"], "half a line is no line"
    append(path, row[60:])
    seconds.append(watcher.wait_for_users("first", "second"))
    append(path, b"\xff\xfe\x00 broken \x80\n" + log.row("third").replace(b"CORP", b"\xe9"))
    seconds.append(watcher.wait_for_users("first", "second", "third"))
    sys.stderr.write(f"{form}: from line to finding {', '.join(f'{s:.2f}' for s in seconds)} s" + "\n")
    time.sleep(1.5)
    assert sorted(watcher.users()) == ["first", "second", "third"]


def test_rotation_by_rename(start: Start, folder: Path) -> None:
    """As Zeek rotates: the old file gets its last line, another name, and is gone; the new one begins anew."""
    log, path = Log("json"), folder / "smtp_auth.log"
    watcher = start(folder)
    append(path, log.header + log.row("one"))
    watcher.wait_for_users("one")
    append(path, log.row("two")[:-9])
    rotated = path.rename(folder / "smtp_auth-26-11-23_22.00.00.log")
    append(path, log.header + log.row("three"))
    append(rotated, log.row("two")[-9:] + log.row("four"))
    watcher.wait_for_users("one", "two", "three", "four")
    time.sleep(3)
    assert str(folder / rotated.name) not in open_files(watcher.process.pid)
    shutil.copy(rotated, folder / "smtp_auth.2026-11-23.log")
    rotated.unlink()
    append(path, log.row("five"))
    watcher.wait_for_users("one", "two", "three", "four", "five")
    time.sleep(1.5)
    assert len(watcher.users()) == 5


def open_files(pid: int) -> list[str]:
    """Return what a process has open."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    return found


@pytest.mark.parametrize("appends", [True, False], ids=["appends", "hole"])
def test_copytruncate(start: Start, folder: Path, appends: bool) -> None:
    """The writer goes on in the emptied file: at its beginning, or (as Zeek does) behind a hole where it was."""
    log, path = Log("tsv"), folder / "smtp_auth.log"
    watcher = start(folder)
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if appends else 0)
    writer = os.open(path, flags, 0o600)
    os.write(writer, log.header + b"".join(log.row(f"old{n}") for n in range(40)))
    old = [f"old{n}" for n in range(40)]
    watcher.wait_for_users(*old)
    shutil.copy(path, folder / "smtp_auth.log.1")
    os.truncate(path, 0)
    time.sleep(1.5)
    os.write(writer, log.row("new1"))
    watcher.wait_for_users(*old, "new1")
    os.truncate(path, 0)
    os.write(writer, log.row("new2"))
    os.close(writer)
    watcher.wait_for_users(*old, "new1", "new2")
    time.sleep(1.5)
    assert len(watcher.users()) == 42


def test_what_was_there_is_passed_over(start: Start, folder: Path) -> None:
    """Also where the file ends within a line: the whole line is new once its end is there."""
    log, path = Log("tsv"), folder / "smtp_auth.log"
    append(path, log.header + log.row("old") + log.row("new")[:40])
    watcher = start(folder)
    append(path, log.row("new")[40:])
    watcher.wait_for_users("new")
    time.sleep(1)
    assert watcher.users() == ["new"]


def test_from_start(start: Start, folder: Path) -> None:
    """What is there is read on request."""
    log = Log("tsv")
    append(folder / "smtp_auth.log", log.header + log.row("old"))
    start(folder, "--from-start").wait_for_users("old")


def test_current_moves_to_another_folder(start: Start, tmp_path: Path) -> None:
    """`current` is a link, as zeekctl makes it; the folder behind it goes away and another comes."""
    log = Log("tsv")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "current").symlink_to(tmp_path / "a")
    watcher = start(tmp_path / "logs")
    append(tmp_path / "a" / "smtp_auth.log", log.header + log.row("one"))
    watcher.wait_for_users("one")
    (tmp_path / "logs" / "current").unlink()
    (tmp_path / "logs" / "current").symlink_to(tmp_path / "b")
    append(tmp_path / "b" / "smtp_auth.log", log.header + log.row("two"))
    watcher.wait_for_users("one", "two")


def test_the_folder_vanishes_and_comes_back(start: Start, folder: Path) -> None:
    """It is said once; what is in the new folder is read, what had been read is not."""
    log, path = Log("tsv"), folder / "smtp_auth.log"
    watcher = start(folder)
    append(path, log.header + log.row("one"))
    watcher.wait_for_users("one")
    folder.rename(folder.with_name("aside"))
    time.sleep(4)
    folder.with_name("aside").rename(folder)
    append(path, log.row("two"))
    watcher.wait_for_users("one", "two")
    shutil.rmtree(folder)
    time.sleep(2)
    folder.mkdir()
    append(path, log.header + log.row("three"))
    watcher.wait_for_users("one", "two", "three")
    assert watcher.err.read_text("utf-8").count("waiting for it to come back") == 2
    assert len([name for name in open_files(watcher.process.pid) if "inotify" in name]) <= 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_signals_end_it(start: Start, folder: Path, number: int) -> None:
    """Soon, with 0, in silence, and without a trace; also while a round is under way."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # who runs the tests with nohup has it ignored
    try:
        watcher = start(folder, "--from-start", every=0.5)
    finally:
        signal.signal(signal.SIGHUP, before)
    log = Log("tsv")
    append(folder / "smtp_auth.log", log.header + b"".join(log.row(f"user{n}") for n in range(200)))
    watcher.wait_for_users(*(f"user{n}" for n in range(200)))
    code, seconds = watcher.end(number)
    sys.stderr.write(f"ended after {seconds:.2f} s" + "\n")
    assert (code, watcher.err.read_text("utf-8"), list(watcher.temporary.iterdir())) == (0, "", [])
    assert seconds < 5


def test_a_reader_who_does_not_read(folder: Path, tmp_path: Path, start: Start) -> None:
    """A full pipe blocks the write; the signal ends it all the same. A closed one ends it by itself."""
    log = Log("tsv")
    append(folder / "smtp_auth.log", log.header + b"".join(log.row(f"user{n}") for n in range(400)))
    words = ["-m", "zeeksmtp", "watch", str(folder), "--format", "json", "--from-start"]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    env.pop("PYTHONUNBUFFERED", None)  # without its buffer Python does not notice that a write was cut short
    for closed in (False, True):
        process = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1) == b"{"
        time.sleep(1)
        if closed:
            process.stdout.close()
        else:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr.read() == b""
        process.stdout.close()
        process.stderr.close()
        assert not list(tmp_path.glob("zeeksmtp-*"))


def test_counts_are_tested_in_rounds(start: Start, folder: Path) -> None:
    """Guessing takes counts: its finding comes from a round over the window; ids are those of the report."""
    capture = CAPTURES / "brute_force_hydra" / "tsv"
    watcher = start(folder, every=1)
    for log in sorted(capture.glob("*.log")):
        append(folder / log.name, log.read_bytes())
    watcher.wait_for(lambda found: any(f["detector"] == "password-guessing" for f in found))
    time.sleep(2.5)
    ids = [(f["id"], f["severity"]) for f in watcher.findings()]
    assert len(ids) == len(set(ids))


def test_nohup_is_heeded(start: Start, folder: Path) -> None:
    """A signal that the caller had set to be ignored does not end it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        watcher = start(folder)
    finally:
        signal.signal(signal.SIGHUP, before)
    watcher.process.send_signal(signal.SIGHUP)
    log = Log("tsv")
    append(folder / "smtp_auth.log", log.header + log.row("one"))
    watcher.wait_for_users("one")
    assert watcher.end()[0] == 0
