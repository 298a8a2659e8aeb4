"""A live log directory: lines as Zeek writes them, appended bit by bit, and the program following them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CAPTURES = Path(__file__).parents[2] / "fixtures" / "captures"
PATIENCE = 10.0
"""Seconds in which a finding must be there; two are promised, but the machine may be busy."""


class Log:
    """A recorded smtp_auth.log, of which each row can be had with another user."""

    def __init__(self, form: str) -> None:
        name = CAPTURES / "auth_plain_initial" / form / "smtp_auth.log"
        lines = name.read_bytes().splitlines(keepends=True)
        self.header = b"".join(line for line in lines if line.startswith(b"#") and not line.startswith(b"#close"))
        self._row = next(line for line in lines if b"alice" in line)

    def row(self, user: str) -> bytes:
        """Return a line of an accepted login in clear, in a connection of its own."""
        assert self._row.count(b"alice") == 1
        number = zlib.crc32(user.encode())
        parts = {b"alice": user, b"CIdxMx1oEm3HwHHeCi": f"C{number:017d}", b"60574": str(1024 + number % 64000)}
        row = self._row
        for old, new in parts.items():
            row = row.replace(old, new.encode())
        return row


def append(path: Path, data: bytes) -> None:
    """Write to the end of a file, as a log writer does."""
    with path.open("ab") as file:
        file.write(data)


class Watcher:
    """The program in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path, temporary: Path) -> None:
        self.process = process
        self.out = out
        self.err = err
        self.temporary = temporary

    def findings(self) -> list[dict[str, Any]]:
        """Return what was printed so far; a line that is half written is none yet."""
        text = self.out.read_text("utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def wait_for(self, found: Callable[[list[dict[str, Any]]], bool]) -> float:
        """Wait until what was printed is as wanted; return the seconds that it took."""
        begun = time.monotonic()
        while not found(self.findings()):
            assert self.process.poll() is None, self.err.read_text("utf-8")
            assert time.monotonic() - begun < PATIENCE, (self.findings(), self.err.read_text("utf-8"))
            time.sleep(0.02)
        return time.monotonic() - begun

    def wait_for_users(self, *users: str) -> float:
        """Wait until the passwords of these users, and no others, were reported; return the seconds."""
        took = self.wait_for(lambda findings: len(findings) >= len(users))
        assert sorted(self.users()) == sorted(users)
        return took

    def users(self) -> list[str]:
        """Return the users whose passwords were reported, as often as they were."""
        return [user for f in self.findings() for user in f["accounts"]]

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; return the exit code and the seconds that it took to end."""
        begun = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(PATIENCE), time.monotonic() - begun


Start = Callable[..., Watcher]

# What `zeeksmtp watch` does, with shorter times: a minute and a linger of one are too long for a test.
_DRIVER = """
import sys
from zeeksmtp.watch import folder, loop
folder.Folder.__init__.__kwdefaults__["linger"] = 1.0
loop.WatchRequest.__init__.__defaults__ = (False, 24, float(sys.argv.pop(1)))
from zeeksmtp.cli.app import main
main()
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that follows a folder; it returns when the program has taken in what was there."""
    running: list[subprocess.Popen[bytes]] = []

    def started(folder: Path, *words: str, every: float = 60) -> Watcher:
        temporary = tmp_path / "temporary"
        temporary.mkdir(exist_ok=True)
        out, err = tmp_path / "out", tmp_path / "err"
        command = [sys.executable, "-c", _DRIVER, str(every), "watch", str(folder), "--format", "json", *words]
        with out.open("wb") as o, err.open("wb") as e:
            env = {**os.environ, "TMPDIR": str(temporary)}
            process = subprocess.Popen(command, stdout=o, stderr=e, env=env, cwd=tmp_path)
        running.append(process)
        begun = time.monotonic()
        while not list(temporary.glob("zeeksmtp-*/facts")):
            assert process.poll() is None, err.read_text("utf-8")
            assert time.monotonic() - begun < 3 * PATIENCE
            time.sleep(0.05)
        time.sleep(1)  # the first look is done
        return Watcher(process, out, err, temporary)

    yield started
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()
