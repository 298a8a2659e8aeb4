"""Folders of Zeek logs are found by the names of their files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zeeksmtp.errors import NoInputError
from zeeksmtp.setup.log_dirs import candidates, look

NOW = 1_800_000_000.0


def written(path: Path, seconds_ago: float, mode: int = 0o644) -> Path:
    """Write an empty log that changed some seconds before `NOW`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(mode)
    os.utime(path, (NOW - seconds_ago, NOW - seconds_ago))
    return path


def test_the_folder_with_the_newest_logs_comes_first(tmp_path: Path) -> None:
    written(tmp_path / "old/2026-11-01/conn.00:00:00-01:00:00.log.gz", 86_400)
    written(tmp_path / "live/2026-11-30/smtp.00:00:00-01:00:00.log.gz", 60)
    (tmp_path / "link").symlink_to("live")
    places = [str(tmp_path / name) for name in ("old", "missing", "link", "live")]
    assert [place.path.name for place in candidates(places)] == ["link", "old"]


@pytest.mark.parametrize("name", ["dns.log", "conn-summary.log", "stderr.log", "notes.txt"])
def test_a_folder_without_conn_and_smtp_is_none(tmp_path: Path, name: str) -> None:
    written(tmp_path / name, 60)
    assert candidates([str(tmp_path)]) == []


def test_logs_are_counted_packed_ones_once(tmp_path: Path) -> None:
    for name in ("conn.log", "conn.log.gz", "2026-11-30/conn.00:00:00-01:00:00.log.gz", "smtp.log", "http.log"):
        written(tmp_path / name, 60)
    assert look(tmp_path).counts == {"conn": 2, "smtp": 1}


@pytest.mark.parametrize(("seconds_ago", "waiting"), [(119, 1), (120, 0), (-5, 0)])
def test_a_file_settles(tmp_path: Path, seconds_ago: float, waiting: int) -> None:
    """As in a pass: what is from the future is not waited for."""
    written(tmp_path / "conn.log", seconds_ago)
    assert look(tmp_path).unsettled(120, NOW) == waiting


def test_the_last_files_of_a_log_are_its_newest(tmp_path: Path) -> None:
    files = [written(tmp_path / f"{hour:02}/conn.log", 3600 * hour) for hour in range(4)]
    assert look(tmp_path).last_of("conn", 2) == files[:2]


def test_the_group_is_that_of_a_file_that_others_cannot_read(tmp_path: Path) -> None:
    log = written(tmp_path / "conn.log", 60, 0o640)
    assert look(tmp_path).reading_group == log.stat().st_gid
    log.chmod(0o644)
    assert look(tmp_path).reading_group is None


def test_a_folder_that_is_not_there_is_refused_an_empty_one_is_not(tmp_path: Path) -> None:
    assert look(tmp_path).counts == {}
    with pytest.raises(NoInputError, match="no such folder"):
        look(tmp_path / "missing")
