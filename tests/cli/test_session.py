"""`zeeksmtp session`: one connection on the screen or as JSON."""

import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.conftest import Run
from zeeksmtp.errors import ExitCode

MISTYPED = ("C6x9Tb2mmh3WHKg5p9", "auth_login_fail_then_ok")


@pytest.fixture
def mistyped(captures: Path) -> tuple[str, Path]:
    """Return a connection in which a password was wrong, then right, and then a mail was sent."""
    return MISTYPED[0], captures / MISTYPED[1] / "tsv"


def _first(zeeksmtp: Run, path: Path, detector: str) -> str:
    report = json.loads(zeeksmtp("report", path, "--format", "json").out)
    return str(next(f["uids"][0] for f in report["findings"] if f["detector"] == detector))


def test_a_login_on_the_screen(zeeksmtp: Run, mistyped: tuple[str, Path], snapshot: SnapshotAssertion) -> None:
    ended = zeeksmtp("session", *mistyped)
    assert (ended.code, ended.err) == (ExitCode.OK, "")
    assert ended.out == snapshot


@pytest.mark.parametrize(
    ("name", "detector"), [("expn_scan", "user-enumeration"), ("starttls_stripped", "starttls-stripped")]
)
def test_others_on_the_screen(
    zeeksmtp: Run, captures: Path, name: str, detector: str, snapshot: SnapshotAssertion
) -> None:
    path = captures / name / "tsv"
    ended = zeeksmtp("session", _first(zeeksmtp, path, detector), path)
    assert ended.out == snapshot


def test_json_names_the_schema(zeeksmtp: Run, mistyped: tuple[str, Path]) -> None:
    shown = json.loads(zeeksmtp("session", *mistyped, "--format", "json").out)
    assert (shown["schema"], shown["uid"]) == ("zeeksmtp.session.v1", mistyped[0])
    steps = shown["sessions"][0]["steps"]
    assert [step["outcome"] for step in steps if step["kind"] == "auth"] == ["failure", "success"]


def test_local_nets_decide_the_direction(zeeksmtp: Run, mistyped: tuple[str, Path]) -> None:
    ended = zeeksmtp("session", *mistyped, "--local-net", "10.20.1.0/24")
    assert ended.out.splitlines()[0].endswith("outbound")


def test_into_a_file(zeeksmtp: Run, mistyped: tuple[str, Path], tmp_path: Path) -> None:
    assert zeeksmtp("session", *mistyped, "-o", "transcript.txt", "--quiet") == (ExitCode.OK, "", "")
    assert (tmp_path / "transcript.txt").read_text("utf-8").startswith(f"Session {mistyped[0]}")


def test_a_uid_that_is_nowhere(zeeksmtp: Run, mistyped: tuple[str, Path]) -> None:
    ended = zeeksmtp("session", "--", "-Cnowhere", mistyped[1])
    assert (ended.code, ended.out) == (ExitCode.NO_INPUT, "")
    assert ended.err.count("\n") == 1
    assert "uid -Cnowhere in conn.log, " in ended.err


def test_no_input(zeeksmtp: Run) -> None:
    assert zeeksmtp("session", "C1", "/nowhere").code == ExitCode.NO_INPUT


def test_a_broken_file_degrades(zeeksmtp: Run, mistyped: tuple[str, Path], tmp_path: Path) -> None:
    (tmp_path / "ssl.log.gz").write_bytes(b"\x1f\x8b\x08\x00 no gzip at all")
    ended = zeeksmtp("session", mistyped[0], mistyped[1], tmp_path / "ssl.log.gz")
    assert ended.code == ExitCode.DEGRADED
    assert "ssl.log.gz" in ended.out
