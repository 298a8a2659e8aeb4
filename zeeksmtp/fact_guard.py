"""A fact that fails must not cost the report of all others: it is empty, and what rests on it is not run, but named."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import polars as pl

from zeeksmtp.disk_room import is_full
from zeeksmtp.dtypes import schema_of
from zeeksmtp.errors import ZeekSmtpError
from zeeksmtp.model import Detector, Fact, Problem

T = TypeVar("T")
TRACEBACK: Final = "--debug or --log-file FILE shows the traceback"
_logger = logging.getLogger(__name__)


class Guard:
    """Computes facts. This one lets whatever fails end the run, as tests want it."""

    def attempt(self, name: str, make: Callable[[], T]) -> T | None:  # noqa: ARG002 - `FactGuard` needs it
        """Return what is made of the fact `name`, or of a part of it; `None` if that fails."""
        return make()

    def table(self, fact: Fact, make: Callable[[], pl.LazyFrame]) -> pl.LazyFrame:
        """Return the table of a fact; an empty one if that fails."""
        made = self.attempt(fact.name, make)
        return pl.LazyFrame(schema=schema_of(fact.columns)) if made is None else made


UNGUARDED: Final = Guard()


class FactGuard(Guard):
    """Remembers which facts failed or rest on one that did. `folder` is where their tables lie."""

    def __init__(self, facts: Mapping[str, Fact], folder: Path | None = None) -> None:
        self._facts = facts
        self._folder = folder
        self._errors: dict[str, str] = {}
        self._missing: dict[str, set[str]] = {}

    def attempt(self, name: str, make: Callable[[], T]) -> T | None:
        """Return what is made of the fact `name`; `None` if that fails, now or before, or a fact that it needs did.

        Raises what tells of the machine and not of the fact: a full disk, say, or no memory.
        """
        if roots := self._roots(self._facts[name].needs):
            self._missing[name] = roots
        if name in self._missing:
            return None
        try:
            return make()
        except (ZeekSmtpError, OSError, MemoryError):
            raise
        except (Exception, pl.exceptions.PanicException) as error:
            if self._folder is not None and is_full(self._folder):
                raise
            _logger.exception("fact %s failed", name)
            self._errors[name] = type(error).__name__
            self._missing[name] = {name}
            return None

    def _roots(self, tables: Sequence[str]) -> set[str]:
        """Return the failed facts because of which some of `tables` are missing."""
        return set().union(*(self._missing.get(table, set()) for table in tables))

    def is_blind(self, detector: Detector) -> bool:
        """Return whether a detector has to be left out, because a table that it reads is missing."""
        return bool(self._roots(detector.needs))

    def problems(self, detectors: Sequence[Detector]) -> list[Problem]:
        """Return a problem for each fact that failed, with all that could not be computed without it."""
        return [
            Problem(where=name, what=f"the fact failed: {error}{self._consequences(name, detectors)}; {TRACEBACK}")
            for name, error in sorted(self._errors.items())
        ]

    def _consequences(self, name: str, detectors: Sequence[Detector]) -> str:
        facts = [fact for fact, roots in sorted(self._missing.items()) if name in roots and fact != name]
        blind = [detector.id for detector in detectors if name in self._roots(detector.needs)]
        skipped = (("facts not computed", facts), ("detectors not run", blind))
        return "".join(f"; {what}: {', '.join(names)}" for what, names in skipped if names)
