"""`zeeksmtp zeek-scripts`: where the package lies, and a copy of it where Zeek looks."""

from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Run
from zeeksmtp.cli import zeek_scripts
from zeeksmtp.errors import ExitCode


def test_it_names_a_folder_that_zeek_can_load(zeeksmtp: Run) -> None:
    ended = zeeksmtp("zeek-scripts")
    assert (ended.code, ended.err) == (ExitCode.OK, "")
    assert (Path(ended.out.strip()) / "__load__.zeek").is_file()
    assert Path(ended.out.strip()) == ROOT / "zeek_scripts"


def test_install_copies_it_and_replaces_an_older_copy(zeeksmtp: Run, tmp_path: Path) -> None:
    assert zeeksmtp("zeek-scripts", "--install", ".").code == ExitCode.OK
    target = tmp_path / "zeeksmtp"
    (target / "gone.zeek").touch()
    assert zeeksmtp("zeek-scripts", "--install", tmp_path).out == f"{target}\n"
    names = {path.name for path in (ROOT / "zeek_scripts").iterdir() if not path.name.startswith(".")}
    assert {path.name for path in target.iterdir()} == names


def test_install_where_it_cannot(zeeksmtp: Run, tmp_path: Path) -> None:
    ended = zeeksmtp("zeek-scripts", "--install", "nowhere")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert "no such folder; try $(zeek-config --site_dir)" in ended.err
    (tmp_path / "zeeksmtp").mkdir()
    ended = zeeksmtp("zeek-scripts", "--install", ".")
    assert ended.code == ExitCode.USAGE
    assert "is there and is no Zeek package; move it away first" in ended.err


def test_install_without_access(zeeksmtp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(zeek_scripts.shutil, "copytree", refuse)
    ended = zeeksmtp("zeek-scripts", "--install", ".")
    assert ended.code == ExitCode.UNUSABLE
    assert "Permission denied; give access or choose another folder" in ended.err


def test_in_a_wheel_it_lies_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zeek_scripts.zeeksmtp, "__file__", str(tmp_path / "site" / "zeeksmtp" / "__init__.py"))
    with pytest.raises(Exception, match="missing from this installation; install zeeksmtp again"):
        zeek_scripts.folder()
    bundled = tmp_path / "site" / "zeeksmtp" / "_zeek_scripts"
    bundled.mkdir(parents=True)
    (bundled / "__load__.zeek").touch()
    assert zeek_scripts.folder() == bundled
