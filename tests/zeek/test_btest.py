"""The btest suite, where `zeek` and `btest` are on PATH."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.zeek.dialogue import Talk, write_pcap
from tests.zeek.traces import BEHAVIOURS, TRACES

HERE = Path(__file__).parent


@pytest.mark.skipif(not (shutil.which("zeek") and shutil.which("btest")), reason="zeek or btest is not on PATH")
def test_btest() -> None:
    ended = subprocess.run(["btest", "-c", "btest.cfg", "-d"], cwd=HERE, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_captures_are_what_the_dialogues_say(behaviour: Callable[[], Talk], tmp_path: Path) -> None:
    name = behaviour.__name__
    write_pcap(tmp_path / "x.pcap", [behaviour()])
    assert (tmp_path / "x.pcap").read_bytes() == (TRACES / f"{name}.pcap").read_bytes()
    assert (HERE / "behaviours" / f"{name.replace('_', '-')}.zeek").is_file()
