"""A quick look at the log folder: what has changed since the last pass? Names, sizes and times only."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from zeeksmtp.state.ledger import File

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Look:
    """What lies in the folder: every file, of these the ones not known as they are, and those that have to settle."""

    there: Mapping[Path, os.stat_result]
    changed: frozenset[Path]
    unsettled: frozenset[Path]


def look(folder: Path, known: Mapping[Path, File], settle_seconds: int, now: float) -> Look:
    """Compare the files below `folder` with those that are `known`. `now` is seconds since the epoch."""
    there = dict(_files(folder, set()))
    new = {path for path, status in there.items() if not _same(known.get(path), status)}
    unsettled = {path for path in new if not _settled(there[path], settle_seconds, now)}
    return Look(there, frozenset(new - unsettled), frozenset(unsettled))


def _same(file: File | None, status: os.stat_result) -> bool:
    return file is not None and (file.size, file.mtime_ns) == (status.st_size, status.st_mtime_ns)


def _settled(status: os.stat_result, settle_seconds: int, now: float) -> bool:
    """A time that lies ahead says nothing (the clock was set back): not to take the file would be to wait for years."""
    age = now - status.st_mtime_ns / _SECOND
    return age < 0 or age >= settle_seconds


def _files(folder: Path, seen: set[tuple[int, int]]) -> Iterator[tuple[Path, os.stat_result]]:
    """Give the regular files below, links followed; what cannot be looked at is left to the discovery, to be named."""
    try:
        with os.scandir(folder) as entries:
            inside = list(entries)
    except OSError:
        return
    for entry in inside:
        try:
            status = entry.stat()
        except OSError:
            continue
        if entry.name.startswith("."):
            continue
        if stat.S_ISREG(status.st_mode):
            yield folder / entry.name, status
        elif stat.S_ISDIR(status.st_mode) and (key := (status.st_dev, status.st_ino)) not in seen:
            seen.add(key)
            yield from _files(folder / entry.name, seen)
