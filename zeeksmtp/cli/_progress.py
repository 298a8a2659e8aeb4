"""The progress bar: files, bytes and rate, on stderr, and only for someone who watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.progress import Progress

    from zeeksmtp.ingest import FileRecord
    from zeeksmtp.logs._discover import Source


class Watch(NamedTuple):
    """What the pipeline calls while it runs; both are `None` if nobody watches."""

    started: Callable[[Sequence[Source]], None] | None = None
    progress: Callable[[FileRecord], None] | None = None


@contextmanager
def watching(*, quiet: bool) -> Iterator[Watch]:
    """Show a bar while the block runs, unless `quiet` or stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield Watch()
        return
    with _bar() as bar:
        task = bar.add_task("reading", total=None, files=0, of=0)

        def started(sources: Sequence[Source]) -> None:
            bar.update(task, total=sum(source.size for source in sources), of=len(sources))

        def done(record: FileRecord) -> None:
            bar.update(task, advance=record.source.size, files=bar.tasks[0].fields["files"] + 1)

        yield Watch(started, done)


def _bar() -> Progress:
    from rich.console import Console  # noqa: PLC0415 - not for `--help`
    from rich.progress import (  # noqa: PLC0415 - likewise
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[files]}/{task.fields[of]} files"),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
