"""A log folder with a state beside it, and passes over it in this process."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection

from tests.conftest import CAPTURES
from zeeksmtp.config import Settings
from zeeksmtp.cron import run
from zeeksmtp.cron.request import PassRequest, PassResult
from zeeksmtp.model import Report
from zeeksmtp.state import findings, ledger, outbox
from zeeksmtp.state.findings import RememberedFinding
from zeeksmtp.state.incidents import RememberedIncident, remembered_incidents
from zeeksmtp.state.store import NAME, open_store

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
"""A day after the recordings."""


@dataclass
class Site:
    """Logs, state, settings, and all reports that were shown."""

    home: Path
    now: datetime = NOW
    shown: list[Report] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)

    @property
    def logs(self) -> Path:
        """The log folder."""
        return self.home / "logs"

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.home / "state"

    def put(self, capture: str, *logs: str, form: str = "tsv") -> None:
        """Copy logs of a capture (all, if none is named), as old as the recordings."""
        for path in (CAPTURES / capture / form).glob("*.log"):
            if not logs or path.stem in logs:
                self.write(path.name, path.read_bytes())

    def write(self, name: str, content: bytes, *, append: bool = False) -> Path:
        """Write a log, last changed an hour before `now`."""
        path = self.logs / name
        with path.open("ab" if append else "wb") as file:
            file.write(content)
        self.touch(path)
        return path

    def touch(self, path: Path, seconds_ago: float = 3600) -> None:
        """Set the time of a file's last change."""
        at = self.now.timestamp() - seconds_ago
        os.utime(path, (at, at))

    def request(self, **more: Any) -> PassRequest:
        """Return the request of a pass."""
        settings = Settings.model_validate({"log_dir": self.logs, "state_dir": self.state, **self.given})
        return PassRequest(settings, self.logs, self.state, clock=self.now.timestamp, **more)

    def run(self, **more: Any) -> PassResult:
        """Run a pass."""
        return run.run(self.request(**more), self.shown.append)

    def rows(self) -> Counter[str]:
        """Return the rows of the live parts, as often as they are there."""
        rows = Counter[str]()
        with open_store(self.state / NAME) as store, store.transaction() as connection:
            live = ledger.parts(connection)
        for part in live:
            lines = pl.read_parquet(self.state / "lake" / part.log / part.name).write_ndjson().splitlines()
            assert len(lines) == part.rows
            rows.update(f"{part.log} {line}" for line in lines)
        return rows

    def parts(self) -> list[ledger.LivePart]:
        """Return the live parts."""
        with open_store(self.state / NAME) as store, store.transaction() as connection:
            return ledger.parts(connection)

    def known(self) -> dict[str, RememberedFinding]:
        """Return the findings that are remembered."""
        with open_store(self.state / NAME) as store, store.transaction() as connection:
            return findings.remembered_findings(connection)

    def incidents(self) -> dict[str, RememberedIncident]:
        """Return the incidents that are remembered."""
        known = {id_: remembered.finding for id_, remembered in self.known().items()}
        with open_store(self.state / NAME) as store, store.transaction() as connection:
            return remembered_incidents(connection, known)

    def waiting(self) -> list[outbox.WaitingReport]:
        """Return what waits in the outbox."""
        with open_store(self.state / NAME) as store, store.transaction() as connection:
            return outbox.waiting(connection)

    def reports(self) -> list[Report]:
        """Return the reports that wait in the outbox."""
        with open_store(self.state / NAME) as store, store.transaction() as connection:
            texts = [outbox.report(connection, row) for row in outbox.waiting(connection)]
        return [Report.model_validate_json(text) for text in texts]

    def within(self, act: Any) -> Any:
        """Do something within a transaction."""
        with open_store(self.state / NAME) as store, store.transaction() as connection:
            return act(connection)


def rows_of(capture: str, home: Path, *logs: str) -> Counter[str]:
    """Return the rows that one pass over a capture takes."""
    if home.exists():
        shutil.rmtree(home)
    site = Site(home)
    site.put(capture, *logs)
    site.run()
    return site.rows()


__all__ = ["NOW", "Connection", "Site", "rows_of"]
