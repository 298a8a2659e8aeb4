"""What a person sees while it runs, and a stdout that nobody reads."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.progress import Progress, Task

from zeeksmtp.cli import _progress, _say
from zeeksmtp.ingest import FileRecord
from zeeksmtp.reading.discover import Source


class Closed:
    """A stdout whose reader has gone."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.real = sys.__stdout__

    def write(self, _: str) -> int:
        """Fail like a closed pipe."""
        raise BrokenPipeError

    def flush(self) -> None:
        """Fail like a closed pipe."""
        raise BrokenPipeError

    def fileno(self) -> int:
        """Return a descriptor that is none of ours."""
        return 99


def test_a_closed_pipe_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[int] = []
    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr("os.dup2", lambda _, to: moved.append(to))
    _say.out("text")
    _say.flush()
    assert moved == [99, 99]


def test_notes_are_for_terminals(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _say.note("nobody sees this")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _say.note("quiet", quiet=True)
    _say.note("a\x1bb")
    assert capsys.readouterr().err == "a\\x1bb\n"


def test_the_bar_counts_files_and_bytes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    source = Source(Path("conn.log"), "conn", "tsv", 2048)
    then = datetime(2026, 11, 23, tzinfo=UTC)
    with _progress.watching(quiet=False) as watch:
        assert watch.started is not None
        assert watch.progress is not None
        watch.started([source, source])
        for _ in range(2):
            watch.progress(FileRecord(source, 1, 0, 0, then, then, None, None, None, ()))
    shown = capsys.readouterr().err
    assert "2/2 files, 4.1 kB, " in shown


def test_the_bar_is_not_full_while_detectors_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    source = Source(Path("conn.log"), "conn", "tsv", 2048)
    with _progress.watching(quiet=False) as watch:
        assert watch.started is not None
        watch.started([source])
        for name in ("facts", "judging", "some later step"):
            watch.step(name)
            (task,) = _shown_tasks(watch)
            assert (task.total, task.finished) == (None, False)
    assert "some later step" in capsys.readouterr().err


def _shown_tasks(watch: _progress.Watch) -> list[Task]:
    bar: Progress = watch.step.__self__._bar
    return bar.tasks


def test_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    with _progress.watching(quiet=False) as watch:
        assert watch == _progress.Watch()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with _progress.watching(quiet=True) as watch:
        assert watch == _progress.Watch()
