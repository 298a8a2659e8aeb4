"""Guards that private folders end with their run, and that those of killed runs are found and removed."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from zeeksmtp import private_folders
from zeeksmtp.private_folders import private_folder

HOLD = """
import sys, time
from pathlib import Path
from zeeksmtp.private_folders import private_folder
with private_folder(Path(sys.argv[1])) as folder:
    (folder / "lake").mkdir()
    (folder / "lake" / "mail.parquet").write_text("a@x.example")
    print(folder, flush=True)
    time.sleep(60)
"""


def holder(place: Path) -> tuple[subprocess.Popen[str], Path]:
    words = [sys.executable, "-c", HOLD, str(place)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)})
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_the_folder_is_private_and_ends_with_the_run(tmp_path: Path) -> None:
    with private_folder(tmp_path) as folder:
        assert folder.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_left_is_removed_and_what_a_living_one_uses_is_not(tmp_path: Path) -> None:
    dead, left = holder(tmp_path)
    living, used = holder(tmp_path)
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    assert left.exists()
    try:
        with private_folder(tmp_path) as own:
            assert set(tmp_path.iterdir()) == {own, used}
        assert (used / "lake" / "mail.parquet").exists()
    finally:
        living.kill()
        living.communicate()


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "zeeksmtp-notes").mkdir()
    target = tmp_path / "elsewhere"
    target.mkdir()
    (target / ".owner").touch()
    (tmp_path / "zeeksmtp-link").symlink_to(target)
    (tmp_path / "zeeksmtp-report.json").touch()
    with private_folder(tmp_path):
        pass
    assert len(list(tmp_path.iterdir())) == 4
    assert (target / ".owner").exists()


def test_a_folder_in_the_making_is_not_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run sweeps between the making of the owner's file and its lock."""
    lock = fcntl.flock

    def swept_before(descriptor: int, operation: int) -> None:
        if operation == fcntl.LOCK_EX:
            private_folders._sweep(tmp_path)
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", swept_before)
    with private_folder(tmp_path) as folder:
        assert folder.is_dir()
