"""The state file: can a pass use it, and does a report still wait to be delivered? It is looked at in a copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from zeeksmtp.doctor import Check
from zeeksmtp.errors import UnusableError
from zeeksmtp.private_folders import private_folder
from zeeksmtp.state import outbox
from zeeksmtp.state.store import NAME, open_store

_ABOUT = "state file"


def readable(folder: Path | None) -> Iterator[Check]:
    """Check the state file in `folder`, if there is one."""
    if folder is None or not (folder / NAME).exists():
        return
    with private_folder() as place:
        try:
            for path in folder.glob(f"{NAME}*"):
                shutil.copyfile(path, place / path.name)
            with open_store(place / NAME) as store, store.transaction() as connection:
                waiting = outbox.waiting(connection)
        except UnusableError as error:
            # It speaks of the copy; the remedy is for the file itself.
            yield Check("fail", _ABOUT, str(error).replace(str(place), str(folder)), "do so before the next pass")
            return
        except OSError as error:
            what = f"{folder / NAME}: {error.strerror}"
            yield Check("fail", _ABOUT, what, "run as the user of the pass, or give the file to it")
            return
    yield Check("ok", _ABOUT, f"{folder / NAME} is whole")
    yield from _undelivered(waiting)


def _undelivered(waiting: list[outbox.WaitingReport]) -> Iterator[Check]:
    failed = [row for row in waiting if row.error]
    if failed:
        what = f"{len(failed)} reports wait in the outbox, the oldest after {failed[0].attempts} attempts"
        yield Check("warn", "delivery", what, failed[0].error)
