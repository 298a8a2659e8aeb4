"""Long lists of values in statements that SQLite accepts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

MAX_PARAMETERS = 500
"""Bound parameters of one statement; SQLite before 3.32 accepts 999."""

T = TypeVar("T")


def batches(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield `values` in lists that are short enough for one statement."""
    rest = iter(values)
    while some := list(islice(rest, MAX_PARAMETERS)):
        yield some
