"""What was taken: files by path, size and time, contents by fingerprint, and the parts of the lake that live."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from zeeksmtp.state._tables import CONTENT, FILE, PART, PASS, TAKING

MOST = 20_000
"""How much is kept of what is past: files and lines of which nothing is left, and passes."""
_SOME = 500  # bound parameters of one statement


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was when a pass last looked at it. `content` is null for one that is not a log that is read."""

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
    """What was taken of some file: so many bytes (unpacked) and lines from its start, with this fingerprint."""

    size: int
    lines: int
    fingerprint: bytes
    id: int = 0


@dataclass(frozen=True, slots=True)
class LivePart:
    """A part of the lake that counts: its log, its file name, how many rows it has and when the first and last were."""

    log: str
    name: str
    rows: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Taking:
    """What became of lines that were taken of the file at `place` in one go; `part` has the rows."""

    place: bytes
    log: str
    kept: int
    skipped: int
    rejected: int
    part: str | None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def files(connection: Connection) -> dict[Path, File]:
    """Give every file that the last pass knew."""
    rows = connection.execute(select(*(FILE.c[name] for name in File.__slots__)))
    known = [File(Path(os.fsdecode(path)), *rest) for path, *rest in rows]
    return {file.path: file for file in known}


def keep_files(connection: Connection, seen: Iterable[File], there: set[Path]) -> None:
    """Remember files as they are now; forget those that are no more `there`."""
    gone = [*{*connection.execute(select(FILE.c.path)).scalars()}.difference(map(os.fsencode, there))]
    for at in range(0, len(gone), _SOME):
        connection.execute(delete(FILE).where(FILE.c.path.in_(gone[at : at + _SOME])))
    rows = [{name: getattr(file, name) for name in File.__slots__} | {"path": os.fsencode(file.path)} for file in seen]
    if rows:
        connection.execute(insert(FILE).prefix_with("OR REPLACE"), rows)


def contents(connection: Connection) -> list[Content]:
    """Give every content that is known."""
    return [Content(**row) for row in connection.execute(select(CONTENT)).mappings()]


def keep_content(connection: Connection, content: Content) -> int:
    """Remember a content; give its id."""
    at = (CONTENT.c.size == content.size, CONTENT.c.lines == content.lines)
    known = select(CONTENT.c.id).where(*at, CONTENT.c.fingerprint == content.fingerprint)
    found = connection.execute(known).scalar_one_or_none()
    if found is not None:
        return int(found)
    values = {"size": content.size, "lines": content.lines, "fingerprint": content.fingerprint}
    made = connection.execute(CONTENT.insert().values(values)).inserted_primary_key
    assert made is not None  # noqa: S101 - for the type checker
    return int(made[0])


def forget_outgrown(connection: Connection, ids: Iterable[int]) -> None:
    """Forget contents that have grown since, unless a file still holds them as they were."""
    held = select(FILE.c.content).where(FILE.c.content.is_not(None))
    for one in ids:
        connection.execute(delete(CONTENT).where(CONTENT.c.id == one, CONTENT.c.id.not_in(held)))


def parts(connection: Connection) -> list[LivePart]:
    """Give the live parts, by log and name."""
    return [_part(row) for row in connection.execute(select(PART).order_by(PART.c.log, PART.c.name))]


def _part(row: Row[Any]) -> LivePart:
    return LivePart(row.log, row.name, row.rows, datetime.fromisoformat(row.first), datetime.fromisoformat(row.last))


def keep_parts(connection: Connection, made: Iterable[LivePart]) -> None:
    """Let parts live."""
    rows = [{"log": p.log, "name": p.name, "rows": p.rows, "first": _iso(p.first), "last": _iso(p.last)} for p in made]
    if rows:
        connection.execute(insert(PART).on_conflict_do_nothing(), rows)


def drop_parts(connection: Connection, log: str, names: Sequence[str], merged: str | None = None) -> None:
    """Let parts die; their rows are gone, or in the part `merged`."""
    for at in range(0, len(names), _SOME):
        some = names[at : at + _SOME]
        connection.execute(update(TAKING).where(TAKING.c.log == log, TAKING.c.part.in_(some)).values(part=merged))
        connection.execute(delete(PART).where(PART.c.log == log, PART.c.name.in_([n for n in some if n != merged])))


def keep_takings(connection: Connection, takings: Iterable[Taking]) -> None:
    """Remember where lines went."""
    rows = [{name: getattr(taking, name) for name in Taking.__slots__} for taking in takings]
    if rows:
        connection.execute(TAKING.insert(), rows)


def parts_from(connection: Connection, place: bytes) -> Mapping[str, set[str]]:
    """Give the live parts that have rows of the file at `place`, by log."""
    found = select(TAKING.c.log, TAKING.c.part).where(TAKING.c.place == place, TAKING.c.part.is_not(None))
    by_log: dict[str, set[str]] = {}
    for log, part in connection.execute(found):
        by_log.setdefault(log, set()).add(part)
    return by_log


def logs_seen(connection: Connection) -> set[str]:
    """Name the logs of which there was a file."""
    return set(connection.execute(select(TAKING.c.log).distinct()).scalars())


def passes(connection: Connection) -> int:
    """Give the number of the last pass; 0 if there was none."""
    return int(connection.execute(select(func.coalesce(func.max(PASS.c.id), 0))).scalar_one())


def keep_pass(connection: Connection, ended: datetime, files: int, kept: int, errors: str) -> int:
    """Remember that a pass took place; give its number."""
    values = {"ended": _iso(ended), "files": files, "kept": kept, "errors": errors}
    made = connection.execute(PASS.insert().values(values)).inserted_primary_key
    assert made is not None  # noqa: S101 - for the type checker
    return int(made[0])


def last_errors(connection: Connection) -> str:
    """Give what made the last pass degraded, as JSON."""
    found = connection.execute(select(PASS.c.errors).order_by(PASS.c.id.desc()).limit(1)).scalar_one_or_none()
    return found or "[]"


def prune(connection: Connection, most: int = MOST) -> None:
    """Forget the oldest of what has no part in the lake and no file in the log folder any more, beyond `most` of each.

    Some is kept, so that a file that comes back is known.
    """
    held = select(FILE.c.content).where(FILE.c.content.is_not(None))
    loose = select(CONTENT.c.id).where(CONTENT.c.id.not_in(held)).order_by(CONTENT.c.id.desc()).offset(most)
    connection.execute(delete(CONTENT).where(CONTENT.c.id.in_(loose)))
    aged = select(TAKING.c.id).where(TAKING.c.part.is_(None)).order_by(TAKING.c.id.desc()).offset(most)
    connection.execute(delete(TAKING).where(TAKING.c.id.in_(aged)))
    connection.execute(delete(PASS).where(PASS.c.id <= passes(connection) - most))
