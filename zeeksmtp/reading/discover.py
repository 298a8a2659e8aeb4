"""Which files under the given paths are Zeek logs that are read, each once, and why every other one is not."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from zeeksmtp.errors import NoInputError
from zeeksmtp.reading.bounds import latest_time
from zeeksmtp.reading.kinds import by_name, is_variant, logs, stem
from zeeksmtp.reading.line_blocks import MAX_UNPACKED_GIB
from zeeksmtp.reading.sniff import Kind, sniff, sniff_stream

KindOf = Callable[[Path, os.stat_result], Kind]
"""Tells what a file is: by a look at it, or from memory."""

_MAX_LISTED = 3  # of the files that were passed over, when nothing else was found


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is read, and what it was taken for. One that holds several logs is named after the first.

    `start` and `end` are lines: only those after the first `start`, up to and with number `end`, are read. Lines later
    than `latest` are damage, and what a packed one holds beyond `max_unpacked_gib` is not read.
    """

    path: Path
    log: str
    format: Literal["tsv", "json"]
    size: int
    start: int = 0
    end: int | None = None
    latest: datetime = field(default_factory=latest_time, compare=False)
    max_unpacked_gib: float = field(default=MAX_UNPACKED_GIB, compare=False)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file or folder that is not used, and why. `unreadable`: it should have been, so the run is degraded."""

    path: Path
    why: str
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What lies under the given paths: every file is in one of the two."""

    sources: tuple[Source, ...]
    passed_over: tuple[PassedOver, ...]


def _looked_at(path: Path, status: os.stat_result) -> Kind:
    # A file without a name is a stream that was spooled: several logs, one after the other.
    return sniff(path) if status.st_nlink else sniff_stream(path)


def find(paths: Sequence[Path], kind_of: KindOf = _looked_at, max_unpacked_gib: float = MAX_UNPACKED_GIB) -> Found:
    """Find the logs under `paths` (files, or folders with all below), each once, in a fixed order.

    `kind_of` may remember what files are, so that not each of an archive has to be opened. A file that unpacks to more
    than `max_unpacked_gib` will not be read further.
    Raises `NoInputError` if a path does not exist, or if nothing that could be read is there.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise NoInputError(f"{path}: no such file or directory; give Zeek logs or folders that hold them")
    walk = _Walk()
    files = _packed_once(list(walk.files(paths)), walk.passed_over)
    sources = _variants_once(list(_sources(files, walk.passed_over, kind_of, max_unpacked_gib)), walk.passed_over)
    found = Found(
        tuple(sorted(sources, key=lambda source: source.path)),
        tuple(sorted(walk.passed_over, key=lambda passed: passed.path)),
    )
    if not found.sources and not any(passed.unreadable for passed in found.passed_over):
        raise NoInputError(_nothing(paths, found))
    return found


def _nothing(paths: Sequence[Path], found: Found) -> str:
    where = ", ".join(map(str, paths)) or "no path"
    details = "".join(f"; {passed.path}: {passed.why}" for passed in found.passed_over[:_MAX_LISTED])
    more = len(found.passed_over) - _MAX_LISTED
    return (
        f"no Zeek log to read in {where}: looked for {', '.join(logs())}, as TSV or JSON, plain or packed "
        f"(gz, zst, bz2, xz), in all folders below{details}" + (f"; {more} more were passed over" if more > 0 else "")
    )


@dataclass
class _Walk:
    """Goes through folders, real ones before links, and remembers what it has seen, so that loops end."""

    passed_over: list[PassedOver] = field(default_factory=list)
    seen: dict[tuple[int, int], Path] = field(default_factory=dict)
    links: list[Path] = field(default_factory=list)

    def files(self, paths: Iterable[Path]) -> Iterator[tuple[Path, os.stat_result]]:
        for path in dict.fromkeys(paths):
            yield from self._entry(path)
        while self.links:
            yield from self._entry(self.links.pop(0))

    def _entry(self, path: Path) -> Iterator[tuple[Path, os.stat_result]]:
        try:
            status = path.stat()
            if not self._new(path, status):
                return
            if stat.S_ISDIR(status.st_mode):
                yield from self._folder(path)
            elif stat.S_ISREG(status.st_mode):
                yield path, status
            else:
                self._pass(path, "neither a file nor a folder: never opened")
        except OSError as error:
            broken = path.is_symlink() and isinstance(error, FileNotFoundError)
            why = "a link to nothing" if broken else f"cannot be read ({error.strerror}): check its permissions"
            self._pass(path, why, unreadable=not broken or by_name(path.name) is not None)

    def _new(self, path: Path, status: os.stat_result) -> bool:
        first = self.seen.setdefault((status.st_dev, status.st_ino), path)
        if first != path:
            self._pass(path, f"the same as {first}")
        return first is path

    def _folder(self, folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
        with os.scandir(folder) as entries:
            inside = sorted(entries, key=lambda entry: entry.name)
        for entry in inside:
            path = folder / entry.name
            if entry.name.startswith("."):
                self._pass(path, "hidden: left to the program that is writing it")
            elif entry.is_symlink():
                self.links.append(path)
            else:
                yield from self._entry(path)

    def _pass(self, path: Path, why: str, *, unreadable: bool = False) -> None:
        self.passed_over.append(PassedOver(path, why, unreadable))


_Files = list[tuple[Path, os.stat_result]]


def _packed_once(files: _Files, passed_over: list[PassedOver]) -> _Files:
    """Of `conn.log` and `conn.log.gz` take the newer: while the one is packed into the other, both are there."""
    chosen: dict[Path, tuple[Path, os.stat_result]] = {}
    for path, status in files:
        key = path.with_name(stem(path.name))
        other = chosen.setdefault(key, (path, status))
        if other[0] is path:
            continue
        newer, older = sorted([other, (path, status)], key=_age)
        chosen[key] = newer
        passed_over.append(PassedOver(older[0], f"the same log as {newer[0].name}, which is newer"))
    return list(chosen.values())


def _age(file: tuple[Path, os.stat_result]) -> tuple[int, int, str]:
    path, status = file
    return -status.st_mtime_ns, len(path.name), path.name


def _sources(
    files: _Files, passed_over: list[PassedOver], kind_of: KindOf, max_unpacked_gib: float
) -> Iterator[Source]:
    latest = latest_time(max((status.st_mtime for _, status in files), default=0))
    for path, status in files:
        kind = kind_of(path, status)
        if kind.log is None:
            passed_over.append(PassedOver(path, kind.why or "no Zeek log", kind.unreadable))
        else:
            yield Source(path, kind.log, kind.format, status.st_size, latest=latest, max_unpacked_gib=max_unpacked_gib)


def _variants_once(sources: list[Source], passed_over: list[PassedOver]) -> list[Source]:
    """Leave out copies that Zeek packages write beside a log (`json_streaming_`, `_red`), where that log is there."""
    normal = {(source.path.parent, source.log) for source in sources if not is_variant(source.path.name)}
    chosen = []
    for source in sources:
        if is_variant(source.path.name) and (source.path.parent, source.log) in normal:
            passed_over.append(PassedOver(source.path, f"a second copy of {source.log}.log, which lies beside it"))
        else:
            chosen.append(source)
    return chosen
