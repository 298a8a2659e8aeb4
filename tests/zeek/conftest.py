"""The captures, and what Zeek makes of them: as committed, and afresh where a Zeek is on PATH."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.zeek.running import CAPTURES, Row, has_zeek, options_of, read_log, run_zeek

NAMES = sorted(path.parent.name for path in CAPTURES.glob("*/capture.pcap"))


@dataclass(frozen=True, slots=True)
class Logs:
    """A capture, the folder with its logs, and the run that wrote them, if one did."""

    capture: Path
    folder: Path
    run: subprocess.CompletedProcess[str] | None = None

    def __call__(self, log: str) -> list[Row]:
        """Read one log."""
        return read_log(self.folder / f"{log}.log")


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Logs]:
    """Run Zeek over a capture, once for all tests."""
    made: dict[str, Logs] = {}

    def run(name: str) -> Logs:
        if not has_zeek():
            pytest.skip("zeek is not on PATH: only the committed logs were checked")
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            capture = CAPTURES / name
            made[name] = Logs(capture, folder, run_zeek(folder, capture / "capture.pcap", options_of(capture)))
        return made[name]

    return run


@pytest.fixture(params=["committed", "fresh"])
def logs(request: pytest.FixtureRequest, name: str, fresh: Callable[[str], Logs]) -> Logs:
    """Return the logs of the capture `name`, from both sources in turn."""
    if request.param == "fresh":
        return fresh(name)
    return Logs(CAPTURES / name, CAPTURES / name / "tsv")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Return a test that asks for `name` every capture."""
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", NAMES)


@pytest.fixture
def json_rows(name: str) -> Callable[[str], list[dict[str, object]]]:
    """Read a committed log of the capture `name` in its JSON form."""

    def read(log: str) -> list[dict[str, object]]:
        path = CAPTURES / name / "json" / f"{log}.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    return read
