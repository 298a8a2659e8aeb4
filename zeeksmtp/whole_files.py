"""A file is written whole or not at all: to a temporary file beside it, forced to the disk, renamed."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write(target: Path, pieces: Iterable[str], mode: int = 0o600) -> None:
    """Write `pieces` to `target`, which takes `mode`; what UTF-8 cannot hold is escaped. `OSError` if it fails."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
    try:
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123 - a descriptor
            file.writelines(pieces)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync(target.parent)


def _sync(folder: Path) -> None:
    """Force the new name to the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
