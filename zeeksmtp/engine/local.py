"""The default engine: threads on this machine. Decompression and polars release the GIL, so threads serve."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import polars as pl

from zeeksmtp.execution import Engine, EngineSettings, Progress
from zeeksmtp.ingest import FileRecord, ingest_file
from zeeksmtp.reading.discover import Source

_BESIDE = 2
"""Files under way beyond one for each processor: each waits at times for the interpreter, or for polars' threads."""


def _in_order(pool: ThreadPoolExecutor, sources: Sequence[Source], lake: Path, ahead: int) -> Iterator[FileRecord]:
    """Yield records in order with a bounded number of files under way, so that memory does not grow with the input."""
    waiting = iter(sources)
    running: list[Future[FileRecord]] = [pool.submit(ingest_file, s, lake) for s in islice(waiting, ahead)]
    while running:
        record = running.pop(0).result()
        running.extend(pool.submit(ingest_file, s, lake) for s in islice(waiting, 1))
        yield record


class LocalEngine:
    """Ingest on a thread pool; plans by polars' streaming engine. See `Engine`."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or (os.cpu_count() or 1) + _BESIDE

    def configured(self, settings: EngineSettings) -> Engine:  # noqa: ARG002 - it has none
        """See `Engine.configured`."""
        return self

    def ingest(self, sources: Sequence[Source], lake: Path, progress: Progress | None = None) -> list[FileRecord]:
        """See `Engine.ingest`."""
        records: list[FileRecord] = []
        with ThreadPoolExecutor(self.workers, thread_name_prefix="ingest") as pool:
            for record in _in_order(pool, sources, lake, ahead=2 * self.workers):
                records.append(record)
                if progress is not None:
                    progress(record)
        return records

    def write(self, plan: pl.LazyFrame, path: Path) -> None:
        """See `Engine.write`."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Read again within seconds or with the next pass: lz4 takes more room than zstd, and a quarter of its time.
        plan.sink_parquet(path, compression="lz4")
        path.chmod(0o600)

    def collect(self, plan: pl.LazyFrame, *, small: bool = False) -> pl.DataFrame:
        """See `Engine.collect`."""
        # Facts of some 100,000 rows take a third longer in morsels.
        return plan.collect(engine="in-memory" if small else "streaming")


ENGINE: Engine = LocalEngine()
