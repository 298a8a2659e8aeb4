"""A full disk is reported as such, whoever fills it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from zeeksmtp.errors import UnusableError

_MIN_FREE_BYTES = 1 << 20  # less than what one file of a fact may need


def is_full(folder: Path) -> bool:
    """Return whether the disk that holds `folder` is full."""
    return shutil.disk_usage(folder).free <= _MIN_FREE_BYTES


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """Say that the disk is full where that is so: polars takes what could not be written for a broken file."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        if not is_full(folder):
            raise
        raise UnusableError(f"{folder}: the disk is full; make room and run again, nothing was lost") from error
