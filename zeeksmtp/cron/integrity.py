"""Are the parts of the lake as they were written? A pass makes sure before it relies on them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from zeeksmtp.errors import UnusableError
from zeeksmtp.state.ledger import LivePart

_MAX_NAMED = 3
"""Damaged parts that a message names."""


def check_presence(lake: Path, live: Sequence[LivePart]) -> None:
    """Raise `UnusableError` if a live part is missing or empty; this reads none, and each pass can afford it."""
    paths = ((part, lake / part.log / part.name) for part in live)
    _refuse(lake, [part for part, path in paths if not path.is_file() or not path.stat().st_size])


def check_parts(lake: Path, live: Sequence[LivePart]) -> None:
    """Raise `UnusableError` if a live part is missing or damaged: a part is named after the SHA-256 of its content."""
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="verify") as pool:
        sound = list(pool.map(lambda part: _is_sound(lake / part.log / part.name), live))
    _refuse(lake, [part for part, is_sound in zip(live, sound, strict=True) if not is_sound])


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file. Raises `OSError` if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_sound(path: Path) -> bool:
    try:
        return checksum(path) == path.stem
    except OSError:  # missing, or the disk itself cannot read it
        return False


def _refuse(lake: Path, damaged: Sequence[LivePart]) -> None:
    if not damaged:
        return
    named = ", ".join(f"{part.log}/{part.name}" for part in damaged[:_MAX_NAMED])
    more = f" and {len(damaged) - _MAX_NAMED:,} more" if len(damaged) > _MAX_NAMED else ""
    raise UnusableError(
        f"{lake}: {len(damaged):,} of its parts are damaged or missing ({named}{more}): "
        "restore lake and state together from a backup, or run `zeeksmtp cron --rebuild`, which makes the lake anew "
        "from the logs that are still there and keeps findings and acknowledgements"
    )
