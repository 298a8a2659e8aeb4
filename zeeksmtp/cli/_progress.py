"""The progress bar: files, bytes and rate, then the step that runs; on stderr, and only for someone who watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.progress import Progress

    from zeeksmtp.ingest import FileRecord
    from zeeksmtp.reading.discover import Source

_STEPS = {"facts": "building tables", "judging": "running detectors"}
"""What a step of the pipeline is called on the screen."""


def _ignore(_step: str) -> None:
    """Do nothing about a step: nobody watches."""


class Watch(NamedTuple):
    """What the pipeline calls while it runs; if nobody watches, `started` and `progress` are `None`."""

    started: Callable[[Sequence[Source]], None] | None = None
    progress: Callable[[FileRecord], None] | None = None
    step: Callable[[str], None] = _ignore


@contextmanager
def watching(*, quiet: bool) -> Iterator[Watch]:
    """Show a bar while the block runs, unless `quiet` or stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield Watch()
        return
    with _bar() as bar:
        shown = _Shown(bar)
        yield Watch(shown.started, shown.progress, shown.step)


class _Shown:
    """The one line on the screen: a bar that fills while files are read, then one that pulses."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("reading", total=None, counts="")
        self._began = time.monotonic()
        self._files = self._of = self._read_bytes = 0

    def started(self, sources: Sequence[Source]) -> None:
        """Show how much there is to read."""
        self._of = len(sources)
        self._bar.update(self._task, total=sum(source.size for source in sources))

    def progress(self, record: FileRecord) -> None:
        """Count a file that was read."""
        from rich.filesize import decimal  # noqa: PLC0415 - not for `--help`

        self._files += 1
        self._read_bytes += record.source.size
        rate = decimal(int(self._read_bytes / max(time.monotonic() - self._began, 0.001)))
        counts = f"{self._files}/{self._of} files, {decimal(self._read_bytes)}, {rate}/s"
        self._bar.update(self._task, advance=record.source.size, counts=counts)

    def step(self, name: str) -> None:
        """Show the step that follows; how long it takes is unknown."""
        self._bar.remove_task(self._task)
        self._task = self._bar.add_task(_STEPS.get(name, name), total=None, counts="")


def _bar() -> Progress:
    from rich.console import Console  # noqa: PLC0415 - not for `--help`
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - likewise

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
