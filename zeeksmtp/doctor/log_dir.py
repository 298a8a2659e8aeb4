"""The folder of Zeek's logs: is it there, is anything in it, and is Zeek still writing?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from zeeksmtp.doctor import Check
from zeeksmtp.errors import NoInputError
from zeeksmtp.reading.discover import Found, find

_ABOUT = "log folder"
_MAX_LISTED = 3
_OLD = timedelta(hours=3)
"""Zeek rotates every hour by default; an hour to fill, one to be packed, one to spare."""
_AHEAD = timedelta(minutes=5)


def found_in(folder: Path | None) -> tuple[list[Check], Found | None]:
    """Look at the folder; give what was noticed, and the logs that are there (`None` if none can be read)."""
    if folder is None:
        return [
            Check("fail", _ABOUT, "`log_dir` is not set", "set it in the config file; `zeeksmtp init` writes one")
        ], None
    try:
        found = find([folder])
    except NoInputError as error:
        remedy = "point `log_dir` at the folder that holds Zeek's rotated logs, and give its reader access"
        return [Check("fail", _ABOUT, str(error), remedy)], None
    counts = Counter(source.log for source in found.sources)
    details = ", ".join(f"{number} {log}" for log, number in sorted(counts.items()))
    return [Check("ok", _ABOUT, f"{folder}: {details or 'no log'}"), *_unreadable(found)], found


def _unreadable(found: Found) -> Iterator[Check]:
    broken = [passed for passed in found.passed_over if passed.unreadable]
    if broken:
        details = "; ".join(f"{passed.path}: {passed.why}" for passed in broken[:_MAX_LISTED])
        yield Check(
            "warn",
            _ABOUT,
            f"{len(broken)} cannot be read: {details}",
            "mend them, or let the user of the pass read them",
        )


def freshness(found: Found, now: float) -> Check:
    """Say how old the newest file is; `now` in seconds since 1970."""
    newest = max((_mtime(source.path) for source in found.sources), default=0.0)
    age = timedelta(seconds=round(now - newest))
    if age > _OLD:
        return Check(
            "warn", _ABOUT, f"the newest log changed {age} ago", "see that Zeek runs and rotates its logs here"
        )
    if age < -_AHEAD:
        return Check("warn", "clock", f"the newest log is from {-age} in the future", "set the clock of both machines")
    return Check("ok", _ABOUT, "its newest log is fresh")


def _mtime(path: Path) -> float:
    try:
        return os.stat(path).st_mtime  # noqa: PTH116 - the walk may be over thousands of files
    except OSError:
        return 0.0  # gone since it was found: rotation
