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
from zeeksmtp.cron._asked import Asked, Ended
from zeeksmtp.model import Report
from zeeksmtp.state import findings, ledger, outbox
from zeeksmtp.state.findings import Known
from zeeksmtp.state.store import NAME, opened

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

    def asked(self, **more: Any) -> Asked:
        """Give what a pass is asked."""
        settings = Settings.model_validate({"log_dir": self.logs, "state_dir": self.state, **self.given})
        return Asked(settings, self.logs, self.state, clock=self.now.timestamp, **more)

    def run(self, **more: Any) -> Ended:
        """Make a pass."""
        return run.run(self.asked(**more), self.shown.append)

    def rows(self) -> Counter[str]:
        """Give the rows of the live parts, as often as they are there."""
        rows = Counter[str]()
        with opened(self.state / NAME) as store, store.transaction() as connection:
            live = ledger.parts(connection)
        for part in live:
            lines = pl.read_parquet(self.state / "lake" / part.log / part.name).write_ndjson().splitlines()
            assert len(lines) == part.rows
            rows.update(f"{part.log} {line}" for line in lines)
        return rows

    def parts(self) -> list[ledger.LivePart]:
        """Give the live parts."""
        with opened(self.state / NAME) as store, store.transaction() as connection:
            return ledger.parts(connection)

    def known(self) -> dict[str, Known]:
        """Give the findings that are remembered."""
        with opened(self.state / NAME) as store, store.transaction() as connection:
            return findings.known(connection)

    def waiting(self) -> list[outbox.Waiting]:
        """Give what waits in the outbox."""
        with opened(self.state / NAME) as store, store.transaction() as connection:
            return outbox.waiting(connection)

    def reports(self) -> list[Report]:
        """Give the reports that wait in the outbox."""
        with opened(self.state / NAME) as store, store.transaction() as connection:
            texts = [outbox.report(connection, row) for row in outbox.waiting(connection)]
        return [Report.model_validate_json(text) for text in texts]

    def within(self, act: Any) -> Any:
        """Do something within a transaction."""
        with opened(self.state / NAME) as store, store.transaction() as connection:
            return act(connection)


def rows_of(capture: str, home: Path, *logs: str) -> Counter[str]:
    """Give the rows that one pass over a capture takes."""
    if home.exists():
        shutil.rmtree(home)
    site = Site(home)
    site.put(capture, *logs)
    site.run()
    return site.rows()


__all__ = ["NOW", "Connection", "Site", "rows_of"]
