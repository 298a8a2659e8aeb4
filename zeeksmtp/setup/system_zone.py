"""The time zone of this machine by its IANA name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOCALTIME = Path("/etc/localtime")
TIMEZONE = Path("/etc/timezone")
"""A link into the zone database, and Debian's file with the name."""
_UTC = {"UTC", "Etc/UTC", "UCT", "Etc/UCT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal"}


def system_zone() -> str:
    """Return the zone that `TZ`, /etc/localtime or /etc/timezone names, in this order; UTC if none does."""
    found = next(filter(_is_zone, _names()), "UTC")
    return "UTC" if found in _UTC else found


def _names() -> Iterator[str]:
    yield os.environ.get("TZ", "").removeprefix(":")
    _, _, name = str(LOCALTIME.resolve()).partition("/zoneinfo/")
    yield name.removeprefix("posix/")
    try:
        yield TIMEZONE.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return


def _is_zone(name: str) -> bool:
    """Return whether `name` is of the zone database; `TZ=CET-1CEST` is not."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return False
    return bool(name)
