"""What a pass changes in the lake: new parts, expired parts, small parts merged into one; none of it counts yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os import fsencode
from pathlib import Path

from sqlalchemy import Connection

from zeeksmtp.cron import lake
from zeeksmtp.cron.ingesting import IngestedFile, IngestResult
from zeeksmtp.cron.request import PassContext
from zeeksmtp.ingest import FileRecord
from zeeksmtp.reading.kinds import logs, stem
from zeeksmtp.state import ledger
from zeeksmtp.state.ledger import IngestedLines, LivePart

PartsByPlace = Mapping[bytes, Mapping[str, set[str]]]
"""Names of the live parts that have rows of the file at a place, by log."""


@dataclass(slots=True)
class LakeUpdate:
    """Parts that are live afterwards, `added` and `removed` ones (with the part that has their rows now), and lines."""

    live: list[LivePart]
    added: list[LivePart] = field(default_factory=list)
    removed: list[tuple[LivePart, str | None]] = field(default_factory=list)
    ingested: list[IngestedLines] = field(default_factory=list)

    def add(self, part: LivePart) -> None:
        """Make a part live, unless it is."""
        if (part.log, part.name) not in {(p.log, p.name) for p in self.live}:
            self.live.append(part)
            self.added.append(part)

    def remove(self, parts: Iterable[LivePart], into: str | None = None) -> None:
        """Remove parts; `into` is the part that they were merged into."""
        old = [part for part in parts if part.name != into]
        self.removed += [(part, into) for part in old]
        gone = {(part.log, part.name) for part in old}
        self.live = [part for part in self.live if (part.log, part.name) not in gone]

    def save(self, connection: Connection) -> None:
        """Write the update to the state: from then on it counts."""
        ledger.add_parts(connection, self.added)
        ledger.add_ingested(connection, self.ingested)
        for part, into in self.removed:
            ledger.remove_parts(connection, part.log, [part.name], into)


def place_of(path: Path) -> bytes:
    """Return a path without the suffix of a compression: `conn.log` and `conn.log.gz` are one file's places."""
    return fsencode(path.with_name(stem(path.name)))


def update_lake(context: PassContext, result: IngestResult, live: list[LivePart], older: PartsByPlace) -> LakeUpdate:
    """Return what ingestion changes in the `live` parts; its new parts are on the disk when this returns."""
    update = LakeUpdate(list(live))
    for file in result.ingested:
        for record in file.records:
            part = _part(record)
            if part is not None and file.rewritten:
                part = _without_known_rows(part, older.get(place_of(file.source.path), {}), live, context)
            if part is not None:
                update.add(part)
            update.ingested.append(_ingested_lines(file, record, part))
    update.remove(lake.expired_parts(update.live, context.request.settings.retention_days, context.now))
    for parts in lake.merge_candidates(update.live):
        merged = lake.merge(context.lake, parts, logs()[parts[0].log], context.engine)
        update.add(merged)
        update.remove(parts, into=merged.name)
    alive = {(part.log, part.name) for part in update.live}
    lake.flush(lake.path_of(context.lake, part) for part in update.added if (part.log, part.name) in alive)
    return update


def _part(record: FileRecord) -> LivePart | None:
    if record.part is None or record.first is None or record.last is None:
        return None
    return LivePart(record.source.log, record.part.name, record.kept, record.first, record.last)


def _ingested_lines(file: IngestedFile, record: FileRecord, part: LivePart | None) -> IngestedLines:
    name = None if part is None else part.name
    place = place_of(file.source.path)
    return IngestedLines(place, record.source.log, record.kept, record.skipped, record.rejected, name)


def _without_known_rows(
    part: LivePart, older: Mapping[str, set[str]], live: Iterable[LivePart], context: PassContext
) -> LivePart | None:
    """Drop rows that were ingested before from the file at this place: it was cut or rewritten, not replaced."""
    names = older.get(part.log, set())
    old = [p for p in live if p.log == part.log and p.name in names and p.first <= part.last and p.last >= part.first]
    return lake.write_new_rows(context.lake, part, old, logs()[part.log], context.engine) if old else part
