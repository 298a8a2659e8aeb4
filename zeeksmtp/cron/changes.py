"""What a pass does to the lake: new parts, rows that have aged, small parts made into one; all of it yet to count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os import fsencode
from pathlib import Path

from sqlalchemy import Connection

from zeeksmtp.cron import lake
from zeeksmtp.cron._asked import Pass
from zeeksmtp.cron.taking import Haul, Taken
from zeeksmtp.ingest import FileRecord
from zeeksmtp.logs._kinds import logs, stem
from zeeksmtp.state import ledger
from zeeksmtp.state.ledger import LivePart, Taking

Older = Mapping[bytes, Mapping[str, set[str]]]
"""Names of the live parts that have rows of the file at a place, by log."""


@dataclass(slots=True)
class Change:
    """Parts that were `made`, parts that `died` (with the one that has their rows now), and where lines went."""

    live: list[LivePart]
    made: list[LivePart] = field(default_factory=list)
    died: list[tuple[LivePart, str | None]] = field(default_factory=list)
    takings: list[Taking] = field(default_factory=list)

    def add(self, part: LivePart) -> None:
        """Let a part live, unless it does."""
        if (part.log, part.name) not in {(p.log, p.name) for p in self.live}:
            self.live.append(part)
            self.made.append(part)

    def end(self, parts: Iterable[LivePart], into: str | None = None) -> None:
        """Let parts die."""
        dead = [part for part in parts if part.name != into]
        self.died += [(part, into) for part in dead]
        gone = {(part.log, part.name) for part in dead}
        self.live = [part for part in self.live if (part.log, part.name) not in gone]

    def remember(self, connection: Connection) -> None:
        """Tell the state."""
        ledger.keep_parts(connection, self.made)
        ledger.keep_takings(connection, self.takings)
        for part, into in self.died:
            ledger.drop_parts(connection, part.log, [part.name], into)


def place_of(path: Path) -> bytes:
    """Give a path without the suffix of a compression: `conn.log` and `conn.log.gz` are one file's places."""
    return fsencode(path.with_name(stem(path.name)))


def of(work: Pass, haul: Haul, live: list[LivePart], older: Older) -> Change:
    """Work out what the `haul` does to the `live` parts; write the parts that come of it, down to the disk."""
    change = Change(list(live))
    for taken in haul.taken:
        for record in taken.records:
            part = _part(record)
            if part is not None and taken.rewritten:
                part = _without(part, older.get(place_of(taken.source.path), {}), live, work)
            if part is not None:
                change.add(part)
            change.takings.append(_taking(taken, record, part))
    change.end(lake.aged(change.live, work.asked.settings.retention_days, work.now))
    for crowd in lake.crowds(change.live):
        merged = lake.merged(work.lake, crowd, logs()[crowd[0].log], work.engine)
        change.add(merged)
        change.end(crowd, into=merged.name)
    alive = {(part.log, part.name) for part in change.live}
    lake.flush(lake.path_of(work.lake, part) for part in change.made if (part.log, part.name) in alive)
    return change


def _part(record: FileRecord) -> LivePart | None:
    if record.part is None or record.first is None or record.last is None:
        return None
    return LivePart(record.source.log, record.part.name, record.kept, record.first, record.last)


def _taking(taken: Taken, record: FileRecord, part: LivePart | None) -> Taking:
    name = None if part is None else part.name
    place = place_of(taken.source.path)
    return Taking(place, record.source.log, record.kept, record.skipped, record.rejected, name)


def _without(part: LivePart, older: Mapping[str, set[str]], live: Iterable[LivePart], work: Pass) -> LivePart | None:
    """Leave out rows that were taken before from the file at this place: it was cut or rewritten, not made anew."""
    names = older.get(part.log, set())
    old = [p for p in live if p.log == part.log and p.name in names and p.first <= part.last and p.last >= part.first]
    return lake.only_new(work.lake, part, old, logs()[part.log], work.engine) if old else part
