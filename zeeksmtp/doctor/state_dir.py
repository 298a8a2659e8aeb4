"""The folder of lake and state: can a pass write there, can others read there, and is there room?"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from zeeksmtp.doctor import Check

_ABOUT = "state folder"
_LEAST_FREE = 1 << 30
"""Bytes. A pass over a busy site's day writes some tens of MiB; SQLite and compaction need room for a copy."""


def usable(folder: Path | None) -> Iterator[Check]:
    """Check the folder, or the one it will be made in."""
    if folder is None:
        yield Check("fail", _ABOUT, "`state_dir` is not set", "set it in the config file; `zeeksmtp init` writes one")
        return
    if folder.exists():
        yield _closed(folder)
        place = folder
    else:
        place = next(parent for parent in folder.absolute().parents if parent.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        what = f"{folder} cannot be written" if folder.exists() else f"{folder} cannot be made in {place}"
        yield Check("fail", _ABOUT, what, f"run as the user of the pass: `install -d -m 700 -o USER {folder}`")
        return
    yield _room(place, _size(folder))


def _closed(folder: Path) -> Check:
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        what = f"{folder} can be read by others (mode {mode:o}): it holds mail addresses"
        return Check("warn", _ABOUT, what, f"`chmod 700 {folder}`")
    return Check("ok", _ABOUT, f"{folder} is closed to others")


def _room(place: Path, lake: int) -> Check:
    free = shutil.disk_usage(place).free
    usage = f"{free / 2**30:.1f} GiB free, {lake / 2**20:.0f} MiB used by zeeksmtp"
    if free < max(_LEAST_FREE, lake):
        return Check("warn", "disk", usage, "make room, or lower `retention_days`")
    return Check("ok", "disk", usage)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
