"""Seeds in two halves, and one stream of chance per behaviour, so that a new behaviour changes no other."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import numpy as np

Random = np.random.Generator


def for_choosing(seeds: Iterable[int]) -> tuple[int, ...]:
    """Return seeds by which parameters may be chosen: the even ones. Raises `ValueError` for another."""
    return _half(seeds, 0, "for reporting only: a parameter chosen on it would certify itself")


def for_reporting(seeds: Iterable[int]) -> tuple[int, ...]:
    """Return seeds that only report: the odd ones. Raises `ValueError` for another."""
    return _half(seeds, 1, "for choosing parameters: a figure on it would flatter")


def _half(seeds: Iterable[int], rest: int, why: str) -> tuple[int, ...]:
    given = tuple(seeds)
    for seed in given:
        if seed % 2 != rest:
            raise ValueError(f"seed {seed} is {why}")
    return given


def stream(seed: int, *names: str | int) -> Random:
    """Return the stream of chance of one behaviour."""
    return np.random.default_rng([seed, *(crc32(str(name).encode()) for name in names)])
