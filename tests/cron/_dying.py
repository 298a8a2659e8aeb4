"""Runs the program until the n-th thing it does to a disk or its state, and dies there as by `kill -9`.

`python tests/cron/_dying.py N WORDS…`; with N = 0 it lives, and tells on stderr how many such moments there were.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from sqlalchemy import Engine, event

DISK = {"os.rename", "os.remove", "os.mkdir", "os.symlink", "os.rmdir", "subprocess.Popen", "shutil.rmtree"}


class Fate:
    """Counts moments, and ends the process at the one that was said."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.moments = 0

    def moment(self, *_: object) -> None:
        """Live through one moment, or not."""
        self.moments += 1
        if self.moments == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def audited(self, name: str, arguments: tuple[Any, ...]) -> None:
        """See to what the interpreter is about to do."""
        writes = name == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or name in DISK:
            self.moment()


def main() -> int:
    """Run the program."""
    from zeeksmtp.cli import app

    fate = Fate(int(sys.argv[1]))
    for name in ("before_cursor_execute", "after_cursor_execute", "commit", "begin"):
        event.listen(Engine, name, fate.moment)
    sys.addaudithook(fate.audited)
    code = app.run(sys.argv[2:])
    if not fate.last:
        sys.stderr.write(f"{fate.moments}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
