"""One pass at a time: a lock that the kernel releases when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zeeksmtp.errors import UnusableError

NAME = "lock"


@contextmanager
def hold_lock(folder: Path, *, mark: bool = True) -> Iterator[None]:
    """Hold the lock of a state folder. Raises `UnusableError` at once if another process has it.

    With `mark`, the file (created if it is not there) says who holds it. The file stays: to remove it would let two
    processes lock two files of one name. Its content is for people.
    """
    flags = os.O_RDWR | os.O_CREAT if mark else os.O_RDONLY
    descriptor = os.open(folder / NAME, flags | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+" if mark else "r", encoding="ascii", errors="replace") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read(20).strip() or "unknown"
            raise UnusableError(
                f"another pass is running (process {holder}, {folder / NAME}): this one does nothing"
            ) from None
        if mark:
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
        yield
