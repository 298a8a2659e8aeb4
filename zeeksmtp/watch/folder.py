"""The logs that are written in one folder: found, followed through rotation and truncation, each line read once."""

from __future__ import annotations

import os
import re
import stat
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zeeksmtp.reading.kinds import by_name, is_variant
from zeeksmtp.watch.tail import ReadPosition, Tail, kind_of, opened

if TYPE_CHECKING:
    import polars as pl

    from zeeksmtp.reading.columns import Batch

Rows = dict[str, "pl.DataFrame"]
"""New rows by log."""
Notify = Callable[[str], None]
"""Takes a sentence for whoever watches: something cannot be followed, or can be again."""
_Inode = tuple[int, int]

# What Zeek calls a log that it is writing, and one that it has rotated. The second is known by its inode; other names
# (`conn.log.1`) are those of copies, which hold nothing new.
_LIVE: Final = re.compile(r"[A-Za-z0-9]+(?:[_-][A-Za-z]+)*\.log")
_ROTATED: Final = re.compile(r"[A-Za-z0-9]+(?:[_-][A-Za-z]+)*[._-]\d[\d._:+-]*\.log")
_LOG: Final = re.compile(f"{_LIVE.pattern}|{_ROTATED.pattern}")
_CLOCK_SLACK_SECONDS: Final = 1.0  # by which clocks of files may be late
_LINGER_SECONDS: Final = 60.0  # without a new line, after which a file that was renamed or removed is done
_MAX_READ_BYTES: Final = 1 << 24  # of one file at a time
_HISTORY_BYTES: Final = 1 << 20  # before the end of each file, which the first read returns
_MAX_DONE_FILES: Final = 1024  # remembered by inode: one may come back under its name


class Folder:
    """Follows the logs of `path`, or of `path`/current where there is such a folder, as zeekctl has it.

    The first read returns the last lines that the files hold, for what was known before; `from_start` all of them.
    Later files are read whole.
    """

    def __init__(
        self, path: Path, notify: Notify, *, from_start: bool = False, linger: float = _LINGER_SECONDS
    ) -> None:
        self.path = path
        self._notify = notify
        self._linger = linger
        self._skips = not from_start
        self._gone = False
        self._last_read = float("inf")
        self._tails: dict[_Inode, Tail] = {}
        self._grown: dict[_Inode, float] = {}
        self._foreign: dict[_Inode, str] = {}
        self._done: OrderedDict[_Inode, ReadPosition] = OrderedDict()

    @property
    def place(self) -> Path:
        """Return the folder that holds the logs now."""
        current = self.path / "current"
        return (current if current.is_dir() else self.path).resolve()

    @property
    def behind(self) -> bool:
        """Notify whether there is more to read at once."""
        return any(tail.behind for tail in self._tails.values())

    def new_rows(self) -> Rows:
        """Read every file once; return the rows of the lines that were completed since the last read."""
        began = time.time()
        present = self._present()
        for key, (path, status) in present.items():
            if key not in self._tails and self._foreign.get(key) != path.name:
                self._consider(key, path, status)
        if not self._gone:
            self._foreign = {key: name for key, name in self._foreign.items() if key in present}
        self._skips, self._last_read = False, began
        live = {key for key, (path, _) in present.items() if _LIVE.fullmatch(path.name)}
        batches: list[Batch] = []
        for key, tail in list(self._tails.items()):
            batches += self._read(key, tail, live=key in live)
        return _rows(batches)

    def close(self) -> None:
        """Close all files; half lines stay unread."""
        for key, tail in list(self._tails.items()):
            self._close(key, tail)

    def _present(self) -> dict[_Inode, tuple[Path, os.stat_result]]:
        """Return the files that have the names of logs, live or rotated, by inode."""
        found: dict[_Inode, tuple[Path, os.stat_result]] = {}
        try:
            names = sorted(path.name for path in self.place.iterdir() if _LOG.fullmatch(path.name))
        except OSError as error:
            if not self._gone:
                self._notify(f"{self.path} cannot be read ({error.strerror}): waiting for it to come back")
            self._gone = True
            return found
        if self._gone:
            self._notify(f"{self.path} is there again")
        self._gone = False
        for name in names:
            if is_variant(name) and f"{by_name(name)}.log" in names:
                continue  # a second copy of a log that lies beside it
            path = self.place / name
            try:
                status = path.stat()
            except OSError:  # renamed or removed since
                continue
            if (stat.S_ISREG(status.st_mode) and status.st_size) or (status.st_dev, status.st_ino) in self._tails:
                found.setdefault((status.st_dev, status.st_ino), (path, status))
        return found

    def _consider(self, key: _Inode, path: Path, status: os.stat_result) -> None:
        """Follow a file that was not known, if it is a live log, or was one between two reads."""
        if _LIVE.fullmatch(path.name) or status.st_mtime > self._last_read - _CLOCK_SLACK_SECONDS:
            self._open(key, path)
        else:
            self._foreign[key] = path.name

    def _open(self, key: _Inode, path: Path) -> None:
        try:
            file, status = opened(path)
        except FileNotFoundError:  # renamed or removed since
            return
        except OSError as error:
            self._notify(f"{path} cannot be read ({error.strerror}): check its permissions, then start again")
            self._foreign[key] = path.name
            return
        kind = kind_of(path, file) if (status.st_dev, status.st_ino) == key else None
        if kind is None or kind.log is None:
            file.close()
            if kind is not None:
                self._foreign[key] = path.name
            return
        tail = self._tails[key] = Tail(path, file, kind)
        self._grown[key] = time.monotonic()
        if key in self._done:
            tail.skip(self._done.pop(key))
        elif self._skips:
            tail.skip(max(status.st_size - _HISTORY_BYTES, 0))

    def _read(self, key: _Inode, tail: Tail, *, live: bool) -> list[Batch]:
        before, problem = tail.place, tail.problem
        try:
            batches = list(tail.read(_MAX_READ_BYTES))
        except OSError:  # a stale network file: it is opened again by its name
            return self._close(key, tail)
        if tail.problem and not problem:
            self._notify(f"{tail.path}: {tail.problem}")
        if live or tail.place != before:
            self._grown[key] = time.monotonic()
        elif time.monotonic() - self._grown[key] > self._linger:
            batches += self._close(key, tail)
        return batches

    def _close(self, key: _Inode, tail: Tail) -> list[Batch]:
        del self._tails[key], self._grown[key]
        self._done[key] = tail.place
        while len(self._done) > _MAX_DONE_FILES:
            self._done.popitem(last=False)
        try:
            return list(tail.close())
        except OSError:
            return []


def _rows(batches: Iterable[Batch]) -> Rows:
    import polars as pl  # noqa: PLC0415 - above, it is only a type

    frames: dict[str, list[pl.DataFrame]] = {}
    for batch in batches:
        if batch.kept is not None and batch.log is not None:
            frames.setdefault(batch.log, []).append(batch.kept)
    return {log: pl.concat(some) for log, some in frames.items()}
