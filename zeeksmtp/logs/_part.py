"""Rows of one file as one Parquet part of the lake, named after what they are."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

import polars as pl

_IN_MEMORY: Final = 1 << 28  # bytes; beyond it, rows wait on disk
_AT_A_TIME: Final = 1 << 16  # rows
_ROW_GROUP: Final = 1 << 18


class Part:
    """A part in the making. `close` must be called once, whatever happens.

    Its name is a hash of the log's name and the rows as they are kept, so that the same rows make the same part,
    however the file was called, packed or formatted. Not of the raw lines: these can hold a password, and with all
    other columns at hand a hash of the line would let it be guessed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._hash = hashlib.sha256(f"{folder.name}\n".encode())
        self._frames: list[pl.DataFrame] = []
        self._size = 0
        self._spilled: list[Path] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows in; when many are waiting, put them aside on disk."""
        for some in rows.iter_slices(_AT_A_TIME):
            self._hash.update(_text(some).encode())
        self._frames.append(rows)
        self._size += int(rows.estimated_size())
        if self._size > _IN_MEMORY:
            self._spill()

    def close(self) -> Path | None:
        """Write the part whole or not at all; give its path, or `None` if there was no row."""
        try:
            return self._written()
        finally:
            for path in self._spilled:
                path.unlink(missing_ok=True)

    def _written(self) -> Path | None:
        if self._spilled:
            self._spill()
            temporary = self._temporary()
            pl.scan_parquet(self._spilled).sink_parquet(temporary, row_group_size=_ROW_GROUP)
        elif self._frames:
            temporary = self._temporary()
            pl.concat(self._frames, rechunk=True).write_parquet(temporary, row_group_size=_ROW_GROUP)
        else:
            return None
        part = self.folder / f"{self._hash.hexdigest()}.parquet"
        temporary.replace(part)
        return part

    def _spill(self) -> None:
        if self._frames:
            path = self._temporary()
            self._spilled.append(path)
            pl.concat(self._frames, rechunk=True).write_parquet(path)
            self._frames, self._size = [], 0

    def _temporary(self) -> Path:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".part-", dir=self.folder)  # 0600 from the start
        os.close(descriptor)
        return Path(name)


def _text(rows: pl.DataFrame) -> str:
    """Give rows as lines that no others have: texts hold no control characters, so these tell what is what."""
    unlike = [_cell(name, dtype) for name, dtype in rows.schema.items() if dtype.is_temporal() or dtype.is_nested()]
    lines = rows.with_columns(unlike)
    return lines.write_csv(include_header=False, separator="\t", quote_style="never", null_value="\0")


def _cell(name: str, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_temporal():
        return pl.col(name).to_physical()
    element = pl.element().to_physical().cast(pl.String).fill_null("\0")
    return pl.col(name).list.eval("\x1f" + element).list.join("")
