"""Rows of one file as one Parquet part of the lake, named after its content."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

import polars as pl

_MAX_MEMORY_BYTES: Final = 1 << 26
_SAMPLE_ROWS: Final = 1000
_ROW_GROUP: Final = 1 << 18


class Part:
    """A part in the making. `close` must be called once, whatever happens.

    Its name is a hash of the Parquet file, so that the same rows (as long as they fit into memory) make the same part,
    however the file was called, packed or formatted. Not of the raw lines: these can hold a password, and with all
    other columns at hand a hash of the line would let it be guessed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._frames: list[pl.DataFrame] = []
        self._size = 0
        self._spilled: list[Path] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows in; when many are waiting, put them aside on disk."""
        rows = _collapsed(rows)
        self._frames.append(rows)
        self._size += int(rows.estimated_size())
        if self._size > _MAX_MEMORY_BYTES:
            self._spill()

    def close(self) -> Path | None:
        """Write the part whole or not at all; return its path, or `None` if there was no row."""
        try:
            return self._written()
        finally:
            for path in self._spilled:
                path.unlink(missing_ok=True)

    def _written(self) -> Path | None:
        if self._spilled:
            self._spill()
            rows = pl.scan_parquet(self._spilled)
        elif self._frames:
            rows = pl.concat(self._frames, rechunk=True).lazy()
        else:
            return None
        temporary = self._temporary()
        rows.sink_parquet(temporary, row_group_size=_ROW_GROUP)
        with temporary.open("rb") as file:
            name = hashlib.file_digest(file, "sha256").hexdigest()
        part = self.folder / f"{name}.parquet"
        temporary.replace(part)
        return part

    def _spill(self) -> None:
        if self._frames:
            path = self._temporary()
            self._spilled.append(path)
            pl.concat(self._frames).write_parquet(path, compression="lz4")  # read again within minutes
            self._frames, self._size = [], 0

    def _temporary(self) -> Path:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".part-", dir=self.folder)  # 0600 from the start
        os.close(descriptor)
        return Path(name)


def _collapsed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows without repetitions, if most are: those of one connection count once, and a bomb has nothing else."""
    sample = rows.head(_SAMPLE_ROWS)
    repeats = len(sample) == _SAMPLE_ROWS and sample.n_unique() < _SAMPLE_ROWS // 2
    return rows.unique(maintain_order=True) if repeats else rows
