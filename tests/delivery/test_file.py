"""Reports in files: where, in what format, for whom, and what is left when something fails."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.delivery._envelopes import envelope, settings
from zeeksmtp import whole_files
from zeeksmtp.config import Settings
from zeeksmtp.delivery import configured, send
from zeeksmtp.errors import DeliveryError
from zeeksmtp.model import View


def to(*patterns: Path | str, timezone: str = "UTC") -> Settings:
    return settings(report_files=tuple(map(str, patterns)), timezone=timezone)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_on_with_a_pattern() -> None:
    assert configured(to("a.html")) == ("file",)


def test_each_ending_has_its_format(tmp_path: Path) -> None:
    forms = {"a.html": "html", "a.md": "markdown", "a.json": "json", "a.txt": "terminal"}
    send("file", envelope(), to(*(tmp_path / name for name in forms)))
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == {
        name: envelope().render(form, View()) for name, form in forms.items()
    }


@pytest.mark.parametrize(
    ("timezone", "name"), [("UTC", "2026-11-24/1520.json"), ("Asia/Tokyo", "2026-11-25/0020.json")]
)
def test_the_date_is_that_of_the_report_in_the_sites_zone(timezone: str, name: str, tmp_path: Path) -> None:
    send("file", envelope(), to(tmp_path / "{date:%Y-%m-%d}" / "{date:%H%M}.json", timezone=timezone))
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json")] == [name]


def test_only_the_owner_sees_it(tmp_path: Path) -> None:
    os.umask(before := os.umask(0))
    tmp_path.chmod(0o755)
    try:
        send("file", envelope(), to(tmp_path / "a" / "b" / "report.json"))
    finally:
        os.umask(before)
    assert mode(tmp_path / "a" / "b" / "report.json") == 0o600
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700
    assert mode(tmp_path) == 0o755


def test_a_second_attempt_leaves_the_same(tmp_path: Path) -> None:
    for _ in range(2):
        send("file", envelope(), to(tmp_path / "{date:%s}.json"))
    (only,) = tmp_path.iterdir()
    assert json.loads(only.read_text())["schema"] == "zeeksmtp.report.v2"


def test_nothing_logged_gets_into_the_path(tmp_path: Path) -> None:
    send("file", envelope("../../{date}/\0evil", id_="../evil"), to(tmp_path / "{date:%d}.txt"))
    assert [path.name for path in tmp_path.iterdir()] == ["24.txt"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("untouched")
    (tmp_path / "report.json").symlink_to(tmp_path / "theirs")
    send("file", envelope(), to(tmp_path / "report.json"))
    assert (tmp_path / "theirs").read_text() == "untouched"
    assert not (tmp_path / "report.json").is_symlink()


@pytest.mark.parametrize("place", ["a-file/report.json", "a-folder.json", f"{'x' * 300}.json"])
def test_what_cannot_be_written_is_an_error_that_names_it(place: str, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    (tmp_path / "a-folder.json").mkdir()
    with pytest.raises(DeliveryError, match=r"^report file .*report_files`$") as caught:
        send("file", envelope(), to(tmp_path / place))
    assert place in str(caught.value)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a-file", "a-folder.json"]


def test_a_full_disk_leaves_the_old_report_and_no_scrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report.json").write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DeliveryError, match="No space left on device"):
        send("file", envelope(), to(tmp_path / "report.json"))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("report.json", "old")]


def test_what_utf_8_cannot_hold_is_escaped(tmp_path: Path) -> None:
    whole_files.write(tmp_path / "x", ["a", "\ud800b"])
    assert (tmp_path / "x").read_text("utf-8") == "a\\ud800b"
