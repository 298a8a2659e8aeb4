"""The log folder: what doctor says of one that is missing, empty, old, or from the future."""

import os
import shutil
from pathlib import Path

import pytest

from zeeksmtp.doctor import log_dir

NOW = 1_795_392_000.0
OFFICE = Path("fixtures/scenarios/office/logs")


def _one(tmp_path: Path, age: float) -> Path:
    path = tmp_path / "conn.log"
    path.write_text("#path\tconn\n#fields\tts\tuid\n")
    os.utime(path, (NOW - age, NOW - age))
    return tmp_path


@pytest.mark.parametrize("folder", [None, Path("no/such/folder")])
def test_a_folder_that_is_not_there_fails_and_says_what_to_do(folder: Path | None) -> None:
    (check,), found = log_dir.found_in(folder)
    assert check.verdict == "fail"
    assert check.remedy
    assert found is None


def test_a_folder_without_logs_fails(tmp_path: Path) -> None:
    (check,), found = log_dir.found_in(tmp_path)
    assert (check.verdict, found) == ("fail", None)


def test_logs_are_counted_by_kind() -> None:
    (check,), _ = log_dir.found_in(OFFICE)
    assert check.verdict == "ok"
    assert "3 conn" in check.what


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    _one(tmp_path, 60)
    shutil.copy("fixtures/logs/packed/conn.log.lz4", tmp_path / "conn.11:00:00-12:00:00.log.lz4")
    checks, _ = log_dir.found_in(tmp_path)
    assert any(check.verdict == "warn" and "00.log.lz4" in check.what for check in checks)


@pytest.mark.parametrize(
    ("age", "verdict", "about"), [(60, "ok", "log folder"), (86_400, "warn", "log folder"), (-3_600, "warn", "clock")]
)
def test_the_newest_file_tells_whether_zeek_still_writes(tmp_path: Path, age: float, verdict: str, about: str) -> None:
    _, found = log_dir.found_in(_one(tmp_path, age))
    assert found is not None
    check = log_dir.freshness(found, NOW)
    assert (check.verdict, check.about) == (verdict, about)
