"""No line ends the reading of its file: where one way of parsing fails, the next is tried; then lines are rejected."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

import polars as pl

from zeeksmtp.model import Log
from zeeksmtp.reading.columns import Batch

FAILURES: Final = (Exception, pl.exceptions.PanicException)
"""Whatever parsing can raise: a panic of polars is no `Exception`."""
_logger = logging.getLogger(__name__)


def parsed(log: Log, rows: pl.DataFrame, *ways: Callable[[], Batch]) -> Batch:
    """Return what the first of `ways` to parse `rows` (`LINES`) gives that does not fail; else all are rejected."""
    failed = "unknown"
    for way in ways:
        try:
            return way()
        except FAILURES as error:
            failed = type(error).__name__
            _logger.exception("parsing %d lines of %s failed", len(rows), log.name)
    return Batch(log.name, rejects=[(number, f"cannot be parsed ({failed})") for number in rows["i"]])
