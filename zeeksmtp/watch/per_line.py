"""What one line can prove: the detectors' own plans, over the new rows and what went before at the same servers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import polars as pl

from zeeksmtp import pipeline
from zeeksmtp.config import Settings
from zeeksmtp.correlate.suppress import suppress
from zeeksmtp.dtypes import schema_of
from zeeksmtp.execution import Engine
from zeeksmtp.model import Finding
from zeeksmtp.pipeline import Detection, Request, detectors, facts, facts_of, logs
from zeeksmtp.report.findings import in_order
from zeeksmtp.watch.folder import Rows

# Which detectors a single line is enough for; and parameters that switch off what they count over sessions of others.
_PROVED_BY_ONE_LINE: Final = {
    "blocklisted-sender": {},
    "cleartext-credentials": {},
    "cleartext-token": {},
    "crackable-auth": {},
    "starttls-stripped": {"min_other_clients": 1 << 62},
    "user-enumeration": {},
}
_SERVER: Final = "id.resp_h"
_MAX_RECENT_ROWS: Final = 5000  # of each log


class PerLineDetection:
    """Runs these detectors over new rows at once, with the latest rows of each log: accounts are joined by them."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._request = Request((), _narrowed(settings))
        self._engine = engine
        self._detectors = [detector for detector in detectors() if detector.id in _PROVED_BY_ONE_LINE]
        self._facts = _needed({name for detector in self._detectors for name in detector.needs})
        self._recent = {name: pl.DataFrame(schema=schema_of(log.columns)) for name, log in logs().items()}

    def detect(self, new: Rows) -> Detection:
        """Return the findings that the new rows are part of, worst first; suppressed ones are left out."""
        guard = pipeline.guard_of()
        tables = facts_of(self._with_recent(new), self._request.context, self._keep, guard)
        # A recipient is a question for a name only where there are many of them: that takes counts, and roles.
        tables["query"] = tables["query"].filter(pl.col("verb") != "RCPT")
        detection = pipeline.detect(self._request, self._engine, tables, self._detectors, guard)
        # Zeek writes the logs of a connection one after the other: a line that is still missing proves nothing.
        observed = [finding for finding in detection.findings if finding.visibility == "observed"]
        detection.findings = self._unsuppressed(observed)
        return detection

    def _unsuppressed(self, findings: list[Finding]) -> list[Finding]:
        kept, _ = suppress(in_order(findings), self._request.settings.suppress, datetime.now(UTC).date())
        return list(kept)

    def _keep(self, name: str, plan: pl.LazyFrame) -> pl.LazyFrame:
        return self._engine.collect(plan).lazy() if name in self._facts else plan

    def _with_recent(self, new: Rows) -> dict[str, pl.LazyFrame]:
        """Return all logs: the new rows, and the recent ones of the servers that they are about.

        x509.log names no server: of it, all recent rows stay.
        """
        named = [rows[_SERVER] for rows in new.values() if _SERVER in rows.columns]
        there = pl.col(_SERVER).is_in(pl.concat([pl.Series(dtype=pl.String), *named]).unique().implode())
        known = {name: rows.filter(there) if _SERVER in rows.columns else rows for name, rows in self._recent.items()}
        for name, rows in new.items():
            self._recent[name] = pl.concat([self._recent[name], rows]).tail(_MAX_RECENT_ROWS)
        return {name: pl.concat([rows, new.get(name, rows.clear())]).lazy() for name, rows in known.items()}


def _narrowed(settings: Settings) -> Settings:
    params = {name: settings.params(name).model_copy(update=off) for name, off in _PROVED_BY_ONE_LINE.items() if off}
    return settings.model_copy(update={"detectors": {**settings.detectors, **params}})


def _needed(names: set[str]) -> set[str]:
    """Add the facts that facts need."""
    for fact in reversed(facts()):
        names |= set(fact.needs) if fact.name in names else set()
    return names
