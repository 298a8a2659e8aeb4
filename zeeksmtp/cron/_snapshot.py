"""A quick look at the log folder: what has changed since the last pass, by names, sizes and times only."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from zeeksmtp.state.ledger import KnownFile

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What lies in the folder: every file, those that changed since the last pass, and those that have to settle."""

    files: Mapping[Path, os.stat_result]
    changed: frozenset[Path]
    unsettled: frozenset[Path]


def take_snapshot(folder: Path, known: Mapping[Path, KnownFile], settle_seconds: int, now: float) -> Snapshot:
    """Compare the files below `folder` with those that are `known`. `now` is seconds since the epoch."""
    files = dict(_files(folder, set()))
    new = {path for path, status in files.items() if not _same(known.get(path), status)}
    unsettled = {path for path in new if not _settled(files[path], settle_seconds, now)}
    return Snapshot(files, frozenset(new - unsettled), frozenset(unsettled))


def _same(file: KnownFile | None, status: os.stat_result) -> bool:
    return file is not None and (file.size, file.mtime_ns) == (status.st_size, status.st_mtime_ns)


def _settled(status: os.stat_result, settle_seconds: int, now: float) -> bool:
    """A time in the future says nothing (the clock was set back): to wait for it could take years."""
    age = now - status.st_mtime_ns / NANOSECONDS
    return age < 0 or age >= settle_seconds


def _files(folder: Path, visited: set[tuple[int, int]]) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the regular files below, links followed; what cannot be read is left to the discovery, which names it."""
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
        elif stat.S_ISDIR(status.st_mode) and (key := (status.st_dev, status.st_ino)) not in visited:
            visited.add(key)
            yield from _files(folder / entry.name, visited)
