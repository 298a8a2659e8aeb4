"""Which findings to show: those that were not shown yet, or were less severe then."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from zeeksmtp.model import Finding, identity

_MAX_SHOWN: Final = 100_000  # names of findings that are remembered


class Deduplicator:
    """Remembers what was shown. What did not recur for `hours` is forgotten, and is shown again when it does."""

    def __init__(self, hours: float) -> None:
        self._seconds = hours * 3600
        self._shown: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._before: dict[str, datetime] = {}

    def mark_known(self, findings: Iterable[Finding]) -> None:
        """Mark findings of earlier lines as known: they are shown only once something is added to them."""
        self._before = {name: finding.last for finding in findings for name in _names(finding)}

    def new_among(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings to show now."""
        now = time.monotonic()
        new = [finding for finding in findings if self._is_new(finding, now)]
        while self._shown and (len(self._shown) > _MAX_SHOWN or self._oldest() < now - self._seconds):
            self._shown.popitem(last=False)
        return new

    def _is_new(self, finding: Finding, now: float) -> bool:
        names = _names(finding)
        if any(name in self._before and finding.last <= self._before[name] for name in names):
            return False
        rank = max(self._shown.pop(name, (-1, now))[0] for name in names)
        for name in names:
            self._shown[name] = max(rank, finding.severity.rank), now
        return finding.severity.rank > rank

    def _oldest(self) -> float:
        return next(iter(self._shown.values()))[1]


def _names(finding: Finding) -> list[str]:
    """Return what a finding is known by: its id; and its accounts as logged, which may get another id later.

    Accounts are joined by the server's name, and a server may not have shown it yet when the first line comes.
    """
    logged = [identity(finding.detector, finding.clients, finding.servers, finding.accounts)]
    return [finding.id, *(logged if finding.accounts else [])]
