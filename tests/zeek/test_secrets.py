"""Nothing that is in `secrets.txt` of a capture is in any file that Zeek wrote, or in what it said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.zeek.conftest import Logs
from tests.zeek.running import CAPTURES, SCRIPTS, has_zeek, run_zeek

NOISE = Path(__file__).parent / "Scripts" / "noise.zeek"
OPTIONS: dict[str, Sequence[str]] = {
    "json": ("LogAscii::use_json=T",),
    "notices": (str(SCRIPTS / "notices.zeek"),),
    "noise": (str(NOISE),),
    "hashes": ("ZeekSMTP::site_secret=a secret of the site",),
}


def secrets(capture: Path) -> list[bytes]:
    """Return the strings that must not occur."""
    return [line for line in (capture / "secrets.txt").read_bytes().splitlines() if line]


def leaks(capture: Path, texts: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """Return where which secret occurs."""
    return [(where, secret) for where, text in texts.items() for secret in secrets(capture) if secret in text]


def written(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_no_secret_in_the_logs(logs: Logs) -> None:
    assert leaks(logs.capture, written(logs.folder)) == []


def test_no_secret_in_the_committed_json(name: str) -> None:
    assert leaks(CAPTURES / name, written(CAPTURES / name / "json")) == []


@pytest.mark.parametrize("option", OPTIONS)
def test_no_secret_with_more_switched_on(name: str, option: str, tmp_path: Path) -> None:
    if not has_zeek():
        pytest.skip("zeek is not on PATH")
    run = run_zeek(tmp_path, CAPTURES / name / "capture.pcap", OPTIONS[option])
    said = {"stdout": run.stdout.encode(), "stderr": run.stderr.encode()}
    assert (run.returncode, said["stderr"]) == (0, b"")
    assert leaks(CAPTURES / name, written(tmp_path) | said) == []
