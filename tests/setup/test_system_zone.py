"""The time zone is the one that the system has, by its IANA name."""

from __future__ import annotations

from pathlib import Path

import pytest

from zeeksmtp.setup import system_zone


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in the place of /etc, on a machine that does not set `TZ`."""
    monkeypatch.delenv("TZ")
    monkeypatch.setattr(system_zone, "LOCALTIME", tmp_path / "localtime")
    monkeypatch.setattr(system_zone, "TIMEZONE", tmp_path / "timezone")
    return tmp_path


@pytest.mark.parametrize(
    ("link", "zone"),
    [
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("/usr/share/zoneinfo/posix/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("/usr/share/zoneinfo/Etc/UTC", "UTC"),
        ("/usr/share/zoneinfo/No/Where", "UTC"),
        ("/elsewhere", "UTC"),
    ],
)
def test_the_link(etc: Path, link: str, zone: str) -> None:
    (etc / "localtime").symlink_to(link)
    assert system_zone.system_zone() == zone


def test_the_file_of_debian_where_localtime_is_a_copy(etc: Path) -> None:
    (etc / "localtime").write_bytes(b"TZif")
    (etc / "timezone").write_text("Asia/Tokyo\n")
    assert system_zone.system_zone() == "Asia/Tokyo"


@pytest.mark.parametrize(("variable", "zone"), [(":Asia/Tokyo", "Asia/Tokyo"), ("CET-1CEST", "Europe/Berlin")])
def test_the_variable_comes_first_if_it_is_a_name(
    etc: Path, monkeypatch: pytest.MonkeyPatch, variable: str, zone: str
) -> None:
    (etc / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    monkeypatch.setenv("TZ", variable)
    assert system_zone.system_zone() == zone


def test_a_path_is_no_zone(etc: Path) -> None:
    (etc / "timezone").write_text("../../etc/passwd\n")
    assert system_zone.system_zone() == "UTC"
