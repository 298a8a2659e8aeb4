"""A disk that is full: one line that says so, nothing lost, and the next pass does it all."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CAPTURES
from tests.cron._site import Site, rows_of
from zeeksmtp.cli import app
from zeeksmtp.errors import ExitCode

CASE = "account_abuse"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of a megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def _fill(small: Path, room: int) -> Path:
    """Leave `room` KiB."""
    ballast = small / "ballast"
    ballast.write_bytes(b"\0" * (1024 * (1000 - room)))
    return ballast


@pytest.mark.parametrize("room", [0, 30, 120, 200, 300, 320, 450])
def test_a_full_disk_costs_no_more_than_the_pass(
    room: int, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever the disk fills up: at the first part, at a fact, at the commit."""
    site = Site(tmp_path / "site")
    site.put(CASE)
    config = tmp_path / "zeeksmtp.toml"
    config.write_text(f'log_dir = "{site.logs}"\nstate_dir = "{small / "state"}"\nsettle_seconds = 0\n')
    ballast = _fill(small, room)
    code = app.run(["cron", "--format", "json", "--config", str(config)])
    said = capsys.readouterr()
    assert code in {ExitCode.UNUSABLE, ExitCode.OK}
    if code == ExitCode.UNUSABLE:
        assert said.out == "" and len(said.err.splitlines()) == 1
        assert "make room" in said.err
    ballast.unlink()
    again = app.run(["cron", "--format", "json", "--config", str(config)])
    output = said.out + capsys.readouterr().out
    assert again == ExitCode.OK
    assert output.count('"zeeksmtp.report.v2"') == 1
    whole = rows_of(CASE, tmp_path / "whole")
    beside = Site(tmp_path / "beside")
    (beside.home / "state").symlink_to(small / "state")
    assert beside.rows() == whole


@pytest.mark.parametrize("room", [0, 8, 30, 60, 120])
@pytest.mark.parametrize("command", ["report", "export"])
def test_other_commands_say_it_too(
    command: str, room: int, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = CAPTURES / CASE / "tsv"
    config = tmp_path / "zeeksmtp.toml"
    config.write_text(f'lake_dir = "{small}"\n')
    words = {"report": [str(logs)], "export": [str(logs), "-o", str(small / "out")]}
    _fill(small, room)
    code = app.run([command, *words[command], "--config", str(config)])
    said = capsys.readouterr()
    assert code in {ExitCode.UNUSABLE, ExitCode.OK}
    if code == ExitCode.UNUSABLE:
        assert said.out == "" and len(said.err.splitlines()) == 1
        assert "make room" in said.err
