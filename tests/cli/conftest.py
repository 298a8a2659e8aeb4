"""The command as a person runs it: words in, exit code and the two streams out."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from zeeksmtp.cli import app

ROOT = Path(__file__).parents[2]


class Ended(NamedTuple):
    """How a run ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def zeeksmtp(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return a function that runs the program in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Ended:
        code = app.run([str(word) for word in words])
        streams = capsys.readouterr()
        return Ended(code, streams.out, streams.err)

    return run


@pytest.fixture
def leak(captures: Path) -> Path:
    """Return recorded traffic in which a password went by in clear."""
    return captures / "auth_plain_initial" / "tsv"


@pytest.fixture
def quiet_day(captures: Path) -> Path:
    """Return recorded traffic of a well-behaved relay."""
    return captures / "legit_relay" / "tsv"
