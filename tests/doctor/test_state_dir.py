"""The state folder: closed, writable, with room."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from zeeksmtp.doctor.state_dir import usable


class _Usage(NamedTuple):
    total: int
    used: int
    free: int


def _verdicts(folder: Path | None) -> dict[str, str]:
    return {check.about: check.verdict for check in usable(folder)}


def test_a_folder_that_will_be_made_is_fine(tmp_path: Path) -> None:
    assert _verdicts(tmp_path / "var" / "zeeksmtp") == {"disk": "ok"}
    assert not (tmp_path / "var").exists()


def test_none_is_set() -> None:
    assert _verdicts(None) == {"state folder": "fail"}


def test_one_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert _verdicts(tmp_path)["state folder"] == "warn"
    tmp_path.chmod(0o700)
    assert _verdicts(tmp_path)["state folder"] == "ok"


def test_one_that_cannot_be_made_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert _verdicts(tmp_path / "file" / "state") == {"state folder": "fail"}


def test_little_room_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: _Usage(1 << 40, 1 << 40, 1 << 20))
    assert _verdicts(tmp_path / "state") == {"disk": "warn"}
