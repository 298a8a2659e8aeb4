"""When to look: a change in the folder wakes, a signal ends, and a second passes anyway."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Final

from zeeksmtp.watch.folder import Tell

LONGEST: Final = 1.0
"""Seconds after which to look even if nothing was heard: inotify can overflow, and network files tell nothing."""
# A thread of watchdog's that is stopped midway says so; where nobody set up logging, that would be on standard error.
logging.getLogger("watchdog").addHandler(logging.NullHandler())
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Waking:
    """Sleeps until there is something to do. `ended` is true once a signal asked for the end."""

    def __init__(self) -> None:
        self.ended = False
        self._bells: SimpleQueue[None] = SimpleQueue()  # its `put` is safe in a signal handler, an Event's `set` is not
        self._watched: tuple[int, int] | None = None
        self._threads: list[threading.Thread] = []
        self._speaking = False

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Let signals end the watch while the block runs; those that are ignored (nohup) stay so."""
        heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._end) for number in heeded}
        try:
            yield
        finally:
            self._unwatch()
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """While the block runs, a signal raises `KeyboardInterrupt`: a reader who has stopped reading blocks writes."""
        self._speaking = True
        try:
            yield
        finally:
            self._speaking = False

    def watch(self, folder: Path, tell: Tell) -> None:
        """Be woken by what happens in `folder`, which may be another than before, or not be there."""
        try:
            status = folder.stat()
        except OSError:
            return
        if self._watched == (status.st_dev, status.st_ino):
            return
        self._unwatch()
        self._watched = status.st_dev, status.st_ino
        try:
            self._threads = _watching(folder, self._ring)
        except OSError as error:
            tell(f"{folder}: the system gives no notice of changes ({error.strerror}); looking every second instead")

    def wait(self, least: float) -> None:
        """Sleep until something happens, for `LONGEST` seconds at most, and for `least` in any case."""
        if self.ended:
            return
        begun = time.monotonic()
        try:
            self._bells.get(timeout=LONGEST)
            if not self.ended:
                time.sleep(max(least - (time.monotonic() - begun), 0))
            while True:
                self._bells.get_nowait()
        except Empty:
            pass

    def _ring(self, _path: str) -> None:
        if self._bells.empty():
            self._bells.put(None)

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self.ended = True
        self._bells.put(None)
        if self._speaking:
            raise KeyboardInterrupt

    def _unwatch(self) -> None:
        for thread in self._threads:
            stop = getattr(thread, "stop", None)
            if stop is not None:
                stop()
        self._threads, self._watched = [], None


def _watching(folder: Path, ring: object) -> list[threading.Thread]:
    """Start zat's watcher of a folder; give its threads, because it keeps no handle by which to stop them."""
    from zat.utils.dir_watcher import DirWatcher  # noqa: PLC0415 - watchdog comes with it

    before = set(threading.enumerate())
    DirWatcher(str(folder), ring)
    return [thread for thread in threading.enumerate() if thread not in before]
