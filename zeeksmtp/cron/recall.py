"""Rows of detectors that the last pass had, too: no finding is made of them again.

A row is known by a hash, which the state has beside the finding. Of rows that were suppressed it has none, so that they
are made in each pass, and counted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from zeeksmtp import __version__
from zeeksmtp.model import Detector, Severity, identity

GRAVE = tuple(severity.value for severity in Severity if severity.rank >= Severity.MEDIUM.rank)
"""Severities of findings that are made in each pass: incidents and credentials to change come of them."""


class Recall:
    """What the last pass had, compared with what the detectors say now.

    `known` are the hashes of its rows, by id of the finding; `back` are findings that have to be made all the same.
    Where it went by other rules (not `same_rules`), all are made: what is suppressed now may be known.
    """

    def __init__(self, known: Mapping[str, int], back: Collection[str] = (), *, same_rules: bool = True) -> None:
        self.known = known
        self.back = back
        self.made: dict[str, int] = {}
        """Hashes of the rows that findings were made of, by id."""
        self._ids = {hashed: id_ for id_, hashed in known.items() if same_rules and id_ not in back}
        self._hashes = pl.Series("made_of", list(self._ids), pl.Int64)
        self._left: dict[str, pl.Series] = {}

    def choose(self, detector: Detector, rows: pl.DataFrame) -> pl.DataFrame:
        """Give the rows of a detector that are not known, and the grave ones."""
        hashed = rows.with_columns(row_hashes(detector, rows).alias("made_of"))
        known = pl.col("made_of").is_in(self._hashes.implode()) & ~pl.col("severity").is_in(GRAVE)
        self._left[detector.id] = hashed.filter(known)["made_of"]
        chosen = hashed.filter(~known)
        keys = zip(chosen["key"].to_list(), chosen["made_of"].to_list(), strict=True)
        self.made.update({identity(detector.id, key): one for key, one in keys})
        return chosen.drop("made_of")

    def unchanged(self, failed: Collection[str]) -> set[str]:
        """Give the findings that are there as they were and were not made; none of detectors that `failed`."""
        return {self._ids[one] for name, hashes in self._left.items() if name not in failed for one in hashes}


def row_hashes(detector: Detector, rows: pl.DataFrame) -> pl.Series:
    """Give a hash of each row of `model.FINDING` and of all else that its finding is made of.

    Equal in each process, as long as this program and polars are of the same versions.
    """
    texts = (detector.id, detector.title, detector.summary, detector.action, detector.attack)
    seed = int(identity(__version__, pl.__version__, texts), 16)
    return rows.select(pl.struct(pl.all()).hash(seed).reinterpret(signed=True)).to_series()
