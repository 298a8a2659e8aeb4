"""Captures made to exhaust the scripts cost bounded memory, end well and are marked as truncated."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.zeek.dialogue import write_pcap
from tests.zeek.hostile import ATTACKS
from tests.zeek.running import SCRIPTS, has_zeek, read_log

KILOBYTES = 12_000
"""The scripts themselves take 3 MB, a connection at all its bounds 0.4 MB, lines on their way to a file the rest."""

pytestmark = pytest.mark.skipif(not has_zeek(), reason="zeek is not on PATH")


def peak(folder: Path, capture: Path, *scripts: str) -> int:
    """Run Zeek and give the kilobytes that it needed at most."""
    folder.mkdir()
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(["zeek", "-C", "-r", str(capture), *scripts], cwd=folder, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert (process.returncode, (folder / "said").read_text()) == (0, "")
    return usage.ru_maxrss


@pytest.mark.parametrize("attack", ATTACKS)
def test_memory_stays_bounded(tmp_path: Path, attack: str) -> None:
    capture = tmp_path / "hostile.pcap"
    write_pcap(capture, [ATTACKS[attack](0)])
    without = peak(tmp_path / "without", capture)
    assert peak(tmp_path / "with", capture, str(SCRIPTS)) - without < KILOBYTES
    assert not (tmp_path / "with" / "reporter.log").exists()
    (session,) = read_log(tmp_path / "with" / "smtp_session.log")
    assert session["truncated"] == ("F" if attack == "long_lines" else "T")
    assert (
        len(read_log(tmp_path / "with" / "smtp_cmd.log")) + len(read_log(tmp_path / "with" / "smtp_auth.log")) <= 10_000
    )
