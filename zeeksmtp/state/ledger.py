"""What was ingested: files by path, size and time, contents by fingerprint, and the live parts of the lake."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from zeeksmtp.state._batches import batches
from zeeksmtp.state._tables import CONTENT, FILE, INGEST, PART, PASS

MAX_PAST_ROWS = 20_000
"""Rows of each table that are kept of what is past: contents without a file, lines without a part, passes."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as the last pass saw it. `content` is null for one that is not a log that is used."""

    path: Path
    size: int
    mtime_ns: int
    log: str | None = None
    format: str | None = None
    why: str | None = None
    sniffed: bool = False
    content: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """The ingested beginning of some file: so many bytes (unpacked) and lines, with this fingerprint."""

    size: int
    lines: int
    fingerprint: bytes
    id: int = 0


@dataclass(frozen=True, slots=True)
class LivePart:
    """A part of the lake that counts: its log, its file name, its number of rows, first and last `ts`."""

    log: str
    name: str
    rows: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class IngestedLines:
    """Where lines of the file at `place` went that were ingested in one go; `part` has the rows."""

    place: bytes
    log: str
    kept: int
    skipped: int
    rejected: int
    part: str | None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def files(connection: Connection) -> dict[Path, KnownFile]:
    """Return every file that the last pass knew."""
    rows = connection.execute(select(*(FILE.c[name] for name in KnownFile.__slots__)))
    known = [KnownFile(Path(os.fsdecode(path)), *rest) for path, *rest in rows]
    return {file.path: file for file in known}


def save_files(connection: Connection, seen: Iterable[KnownFile], present: set[Path]) -> None:
    """Remember files as they are now; forget those that are no longer `present`."""
    gone = {*connection.execute(select(FILE.c.path)).scalars()}.difference(map(os.fsencode, present))
    for some in batches(gone):
        connection.execute(delete(FILE).where(FILE.c.path.in_(some)))
    names = KnownFile.__slots__
    rows = [{name: getattr(file, name) for name in names} | {"path": os.fsencode(file.path)} for file in seen]
    if rows:
        connection.execute(insert(FILE).prefix_with("OR REPLACE"), rows)


def contents(connection: Connection) -> list[Content]:
    """Return every known content."""
    return [Content(**row) for row in connection.execute(select(CONTENT)).mappings()]


def save_content(connection: Connection, content: Content) -> int:
    """Remember a content; return its id."""
    same = (CONTENT.c.size == content.size, CONTENT.c.lines == content.lines)
    known = select(CONTENT.c.id).where(*same, CONTENT.c.fingerprint == content.fingerprint)
    found = connection.execute(known).scalar_one_or_none()
    if found is not None:
        return int(found)
    values = {"size": content.size, "lines": content.lines, "fingerprint": content.fingerprint}
    key = connection.execute(CONTENT.insert().values(values)).inserted_primary_key
    assert key is not None  # noqa: S101 - for the type checker
    return int(key[0])


def forget_outgrown(connection: Connection, ids: Iterable[int]) -> None:
    """Forget contents that have grown since, unless a file still has them as they were."""
    used = select(FILE.c.content).where(FILE.c.content.is_not(None))
    for id_ in ids:
        connection.execute(delete(CONTENT).where(CONTENT.c.id == id_, CONTENT.c.id.not_in(used)))


def forget_logs(connection: Connection) -> None:
    """Forget all that was ingested, as if no pass had read a log; findings stay."""
    for table in (FILE, CONTENT, INGEST, PART):
        connection.execute(delete(table))


def parts(connection: Connection) -> list[LivePart]:
    """Return the live parts, by log and name."""
    return [_part(row) for row in connection.execute(select(PART).order_by(PART.c.log, PART.c.name))]


def _part(row: Row[Any]) -> LivePart:
    return LivePart(row.log, row.name, row.rows, datetime.fromisoformat(row.first), datetime.fromisoformat(row.last))


def add_parts(connection: Connection, new: Iterable[LivePart]) -> None:
    """Make parts live."""
    rows = [{"log": p.log, "name": p.name, "rows": p.rows, "first": _iso(p.first), "last": _iso(p.last)} for p in new]
    if rows:
        connection.execute(insert(PART).on_conflict_do_nothing(), rows)


def remove_parts(connection: Connection, log: str, names: Sequence[str], merged: str | None = None) -> None:
    """Remove parts from the live ones; their rows are gone, or in the part `merged`."""
    for some in batches(names):
        moved = update(INGEST).where(INGEST.c.log == log, INGEST.c.part.in_(some))
        connection.execute(moved.values(part=merged))
        connection.execute(delete(PART).where(PART.c.log == log, PART.c.name.in_([n for n in some if n != merged])))


def add_ingested(connection: Connection, ingested: Iterable[IngestedLines]) -> None:
    """Remember where lines went."""
    rows = [{name: getattr(lines, name) for name in IngestedLines.__slots__} for lines in ingested]
    if rows:
        connection.execute(INGEST.insert(), rows)


def parts_from(connection: Connection, place: bytes) -> Mapping[str, set[str]]:
    """Return the names of the live parts that have rows of the file at `place`, by log."""
    found = select(INGEST.c.log, INGEST.c.part).where(INGEST.c.place == place, INGEST.c.part.is_not(None))
    by_log: dict[str, set[str]] = {}
    for log, part in connection.execute(found):
        by_log.setdefault(log, set()).add(part)
    return by_log


def logs_seen(connection: Connection) -> set[str]:
    """Return the names of the logs of which there was a file."""
    return set(connection.execute(select(INGEST.c.log).distinct()).scalars())


def last_pass(connection: Connection) -> int:
    """Return the number of the last pass; 0 if there was none."""
    return int(connection.execute(select(func.coalesce(func.max(PASS.c.id), 0))).scalar_one())


def add_pass(connection: Connection, ended: datetime, files: int, rows: int, errors: str) -> int:
    """Remember a pass; give its number."""
    values = {"ended": _iso(ended), "files": files, "rows": rows, "errors": errors}
    key = connection.execute(PASS.insert().values(values)).inserted_primary_key
    assert key is not None  # noqa: S101 - for the type checker
    return int(key[0])


def last_errors(connection: Connection) -> str:
    """Return what made the last pass degraded, as JSON."""
    found = connection.execute(select(PASS.c.errors).order_by(PASS.c.id.desc()).limit(1)).scalar_one_or_none()
    return found or "[]"


def prune(connection: Connection, max_rows: int = MAX_PAST_ROWS) -> None:
    """Forget the oldest of what has no part in the lake and no file in the log folder, beyond `max_rows` of each.

    Some of it is kept, so that a file that comes back is recognised.
    """
    used = select(FILE.c.content).where(FILE.c.content.is_not(None))
    unused = select(CONTENT.c.id).where(CONTENT.c.id.not_in(used)).order_by(CONTENT.c.id.desc()).offset(max_rows)
    connection.execute(delete(CONTENT).where(CONTENT.c.id.in_(unused)))
    expired = select(INGEST.c.id).where(INGEST.c.part.is_(None)).order_by(INGEST.c.id.desc()).offset(max_rows)
    connection.execute(delete(INGEST).where(INGEST.c.id.in_(expired)))
    connection.execute(delete(PASS).where(PASS.c.id <= last_pass(connection) - max_rows))
