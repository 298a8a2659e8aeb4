"""The tables of days that a pass leaves to the next one, which uses them only as they were written."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from zeeksmtp.cron.integrity import checksum
from zeeksmtp.cron.lake import flush

WORK = "work"
_CHECKSUMS = "checksums.json"
"""Name -> SHA-256 of each table. It is written last and removed first, so a pass that was killed leaves none."""
_logger = logging.getLogger(__name__)


@contextmanager
def work_folder(home: Path) -> Iterator[Path]:
    """Yield a folder for the tables of a pass, with those of earlier passes in it.

    If one of these is not as it was written, or the pass that wrote them did not end, the folder is empty: they are
    made again of the lake.
    """
    folder = home / WORK
    known = _usable(folder)
    before = {name: (folder / name).stat().st_ino for name in known}
    (folder / _CHECKSUMS).unlink(missing_ok=True)
    try:
        yield folder
        for name in ("lake", "facts"):
            shutil.rmtree(folder / name)
        names = _tables(folder)
        # What was replaced has another inode; the rest is on the disk, and was verified.
        new = [name for name in names if before.get(name) != (folder / name).stat().st_ino]
        sums = {name: known[name] for name in names - set(new)} | _checksums(folder, new)
        flush(folder / name for name in new)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    (folder / _CHECKSUMS).write_text(json.dumps(sums), encoding="utf-8")
    (folder / _CHECKSUMS).chmod(0o600)


def _usable(folder: Path) -> dict[str, str]:
    """Return the checksums of the tables that are there; empty the folder if any of them cannot be used."""
    try:
        expected: dict[str, str] = json.loads((folder / _CHECKSUMS).read_text(encoding="utf-8"))
        if _checksums(folder, _tables(folder)) == expected:
            return expected
        _logger.warning("%s: a table of an earlier pass is damaged or missing; all are made again", folder)
    except FileNotFoundError:
        pass  # the first pass, or one that was killed
    except (OSError, ValueError) as error:
        _logger.warning("%s: tables of an earlier pass cannot be read (%s); all are made again", folder, error)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return {}


def _tables(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.glob("days/*/*")}


def _checksums(folder: Path, names: Collection[str]) -> dict[str, str]:
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="verify") as pool:
        return dict(zip(names, pool.map(lambda name: checksum(folder / name), names), strict=True))
