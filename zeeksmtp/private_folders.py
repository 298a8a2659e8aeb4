"""Private folders that end with the run; those of runs that were killed are removed by the next one."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "zeeksmtp-"
_OWNER, _NEW_OWNER = ".owner", ".owner-new"
"""A file that the owner of a folder holds locked while it lives: process ids repeat, locks end with their process."""


@contextmanager
def private_folder(parent: Path | None = None) -> Iterator[Path]:
    """Yield a new folder in `parent` (default: where temporary files go) that only this user can read.

    Folders in the same place whose owners have died are removed first: they hold mail addresses.
    """
    place = Path(tempfile.gettempdir()) if parent is None else parent
    _sweep(place)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=place) as name:
        owner = os.open(Path(name) / _NEW_OWNER, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(owner, fcntl.LOCK_EX)
            # Locked before it has its name: a sweep in between would take the folder for an abandoned one.
            (Path(name) / _NEW_OWNER).rename(Path(name) / _OWNER)
            yield Path(name)
        finally:
            os.close(owner)


def _sweep(place: Path) -> None:
    for folder in place.glob(f"{PREFIX}*"):
        if _is_ours(folder) and _is_abandoned(folder / _OWNER):
            shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Return whether this is a folder, no link, of this user: others may write to the same place."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def _is_abandoned(owner: Path) -> bool:
    """Return whether nobody holds the lock. Without the file the folder is only just being made, or of others."""
    try:
        descriptor = os.open(owner, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
