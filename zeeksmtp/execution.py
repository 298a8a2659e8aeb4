"""What an engine must do. Nothing else in the package runs a plan or a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from zeeksmtp.ingest import FileRecord
from zeeksmtp.reading.discover import Source

if TYPE_CHECKING:
    import polars as pl

Progress = Callable[[FileRecord], None]
"""Called once for each file that is done, from the caller's thread."""


class EngineSettings(Protocol):
    """What engines take from the settings."""

    @property
    def dask_scheduler(self) -> str | None:
        """Return the address or file of a Dask scheduler."""
        ...

    @property
    def lake_url(self) -> str | None:
        """Return where workers leave their parts."""
        ...


class Engine(Protocol):
    """Runs ingest over files and plans over the lake."""

    def configured(self, settings: EngineSettings) -> Engine:
        """Return the engine that the settings describe."""
        ...

    def ingest(self, sources: Sequence[Source], lake: Path, progress: Progress | None = None) -> list[FileRecord]:
        """Ingest each source into `lake`; return the records in the order of `sources`."""
        ...

    def write(self, plan: pl.LazyFrame, path: Path) -> None:
        """Run `plan` and write its rows as one Parquet file."""
        ...

    def collect(self, plan: pl.LazyFrame, *, small: bool = False) -> pl.DataFrame:
        """Run `plan` and give its rows. What it reads is in memory, or not much more, if it is `small`."""
        ...
