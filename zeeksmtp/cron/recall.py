"""Rows of detectors that the last pass had, too: no finding is made of them again.

A row is known by a hash, which the state has beside the finding. Of rows that were suppressed it has the hashes alone:
what they are suppressed by, too, is as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from itertools import chain

import polars as pl

from zeeksmtp import __version__
from zeeksmtp.model import Detector, Report, Severity, identity

GRAVE = tuple(severity.value for severity in Severity if severity.rank >= Severity.MEDIUM.rank)
"""Severities of findings that are made in each pass: incidents and credentials to change come of them."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a detector said: rows that are as they were, of these the suppressed ones, and rows made, by finding."""

    known: pl.Series
    hidden: pl.Series
    made: Mapping[str, int]


class Recall:
    """What the last pass had, compared with what the detectors say now.

    `known` are the hashes of its rows, by id of the finding, `hidden` those of the suppressed ones; `back` are findings
    that have to be made all the same. Where it went by other rules (not `same_rules`), all are made: what is suppressed
    now may be known.
    """

    def __init__(
        self,
        known: Mapping[str, int],
        hidden: Collection[int] = (),
        back: Collection[str] = (),
        *,
        same_rules: bool = True,
    ) -> None:
        self.known = known
        self.back = back
        self._ids = {hashed: id_ for id_, hashed in known.items() if same_rules and id_ not in back}
        self._hidden = frozenset(hidden if same_rules else ())
        self._said: dict[str, _Said] = {}

    def choose(self, detector: Detector, rows: pl.DataFrame) -> pl.DataFrame:
        """Give the rows of a detector that are not known, and the grave ones that are not suppressed."""
        hashes = row_hashes(detector, rows)
        hidden = _among(self._hidden, hashes)
        known = ~hidden & _among(self._ids, hashes) & ~rows["severity"].is_in(GRAVE)
        fresh = ~(hidden | known)
        chosen = rows.filter(fresh)
        keys = zip(chosen["key"].to_list(), hashes.filter(fresh).to_list(), strict=True)
        made = {identity(detector.id, key): one for key, one in keys}
        self._said[detector.id] = _Said(hashes.filter(known), hashes.filter(hidden), made)
        return chosen

    def seen(self, report: Report) -> Seen:
        """Tell what became of all rows, given the report that was made of them; a failed detector said nothing."""
        failed = {problem.where for problem in report.errors}
        said = [one for name, one in self._said.items() if name not in failed]
        kept = {finding.id for finding in report.findings}
        made = {id_: hashed for one in said for id_, hashed in one.made.items()}
        hidden = set(chain.from_iterable(one.hidden.to_list() for one in said))
        return Seen(
            unchanged=frozenset(map(self._ids.__getitem__, chain.from_iterable(one.known.to_list() for one in said))),
            made=made,
            hidden=hidden | {hashed for id_, hashed in made.items() if id_ not in kept},
            left=len(hidden),
        )


def _among(those: Collection[int], hashes: pl.Series) -> pl.Series:
    """Not `is_in`: that makes a table of `those` for each detector, and they are the hashes of all."""
    return pl.Series([one in those for one in hashes.to_list()], dtype=pl.Boolean)


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of the rows of a pass.

    `unchanged`: findings that are there as they were and were not made. `made`: hashes of rows that findings were made
    of, by id. `hidden`: hashes of the rows that are suppressed, of which `left` were not made.
    """

    unchanged: Set[str]
    made: Mapping[str, int]
    hidden: Set[int]
    left: int


def row_hashes(detector: Detector, rows: pl.DataFrame) -> pl.Series:
    """Give a hash of each row of `model.FINDING` and of all else that its finding is made of.

    Equal in each process, as long as this program and polars are of the same versions.
    """
    texts = (detector.id, detector.title, detector.summary, detector.action, detector.attack)
    seed = int(identity(__version__, pl.__version__, texts), 16)
    return rows.select(pl.struct(pl.all()).hash(seed).reinterpret(signed=True)).to_series()
