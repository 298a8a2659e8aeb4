"""Ids as Zeek makes them."""

from __future__ import annotations

import numpy as np
import polars as pl

from simulation.seeds import Random

_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8)


def uids(random: Random, count: int, first: str = "C") -> pl.Series:
    """Return ids of connections (`C`) or files (`F`)."""
    letters = _ALPHABET[random.integers(0, len(_ALPHABET), (count, 17))]
    letters = np.hstack([np.full((count, 1), ord(first), dtype=np.uint8), letters])
    return pl.Series(letters.view("S18").ravel().astype(str), dtype=pl.String)
