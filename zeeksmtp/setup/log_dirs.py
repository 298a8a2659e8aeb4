"""Folders of Zeek logs on this machine: by the names of the files in them; no file is opened."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from zeeksmtp.errors import NoInputError
from zeeksmtp.reading.discover import find
from zeeksmtp.reading.kinds import by_name
from zeeksmtp.reading.sniff import Kind

LOG_DIRS = (
    "/opt/zeek/logs",
    "/usr/local/zeek/logs",
    "/nsm/zeek/logs",
    "/opt/zeek/var/logs/zeek",
    "/var/log/zeek",
    "/usr/local/var/log/zeek",
)
"""Where packages, zeekctl, Security Onion, Zeek's systemd units and FreeBSD keep archived logs."""
_NEEDED = {"conn", "smtp"}
"""One of the two at least, or there is nothing about mail to see."""


@dataclass(frozen=True, slots=True)
class LogDir:
    """A folder, and the `status` of each Zeek log below it, with the log that its name stands for."""

    path: Path
    files: Mapping[Path, tuple[str, os.stat_result]]

    @property
    def counts(self) -> Counter[str]:
        """The number of files of each log."""
        return Counter(log for log, _ in self.files.values())

    @property
    def newest(self) -> float:
        """When the newest file changed, in seconds since 1970; 0 without any."""
        return max((status.st_mtime for _, status in self.files.values()), default=0.0)

    def unsettled(self, settle_seconds: int, now: float) -> int:
        """Return how many files a pass at `now` would leave: they changed less than `settle_seconds` before."""
        return sum(0 <= now - status.st_mtime < settle_seconds for _, status in self.files.values())

    def last_of(self, log: str, number: int) -> list[Path]:
        """Return the `number` files of a log that changed last, newest first."""
        ages = {path: status.st_mtime for path, (name, status) in self.files.items() if name == log}
        return sorted(ages, key=lambda path: (-ages[path], path))[:number]

    @property
    def reading_group(self) -> int | None:
        """The id of the group that may read the newest file, `None` if everybody may (or there is no file)."""
        statuses = [status for _, status in self.files.values()]
        newest = max(statuses, key=lambda status: status.st_mtime, default=None)
        return None if newest is None or newest.st_mode & stat.S_IROTH else newest.st_gid


def look(folder: Path) -> LogDir:
    """Return the Zeek logs below `folder`, links followed.

    Raises:
        NoInputError: The folder is not there.
    """
    if not folder.is_dir():
        raise NoInputError(f"{folder}: no such folder; name the one that holds Zeek's logs with --log-dir")
    statuses: dict[Path, os.stat_result] = {}

    def kind_of(path: Path, status: os.stat_result) -> Kind:
        statuses[path] = status
        return Kind(log=by_name(path.name), why="not the name of a log that is read")

    try:
        sources = find([folder], kind_of).sources
    except NoInputError:  # nothing in it yet
        sources = ()
    return LogDir(folder, {source.path: (source.log, statuses[source.path]) for source in sources})


def candidates(places: Iterable[str]) -> list[LogDir]:
    """Return the `places` that hold a conn.log or smtp.log, that with the newest file first; each folder once."""
    folders = {folder.resolve(): folder for folder in reversed(list(map(Path, places))) if folder.is_dir()}
    found = [look(folder) for folder in reversed(folders.values())]
    return sorted((place for place in found if place.counts.keys() & _NEEDED), key=lambda place: -place.newest)
