"""When to read: after a change in the folder, after a second at the latest; a signal ends the watch."""

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

from zeeksmtp.watch.folder import Notify

MAX_WAIT_SECONDS: Final = 1.0
"""After which to read even without a notice: inotify can overflow, and network file systems send none."""
# A thread of watchdog's that is stopped midway says so; where nobody set up logging, that would be on standard error.
logging.getLogger("watchdog").addHandler(logging.NullHandler())
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Wakeup:
    """Sleeps until there is something to do. `ended` is true once a signal ended the watch."""

    def __init__(self) -> None:
        self.ended = False
        self._events: SimpleQueue[None] = (
            SimpleQueue()
        )  # its `put` is safe in a signal handler, an Event's `set` is not
        self._watched: tuple[int, int] | None = None
        self._threads: list[threading.Thread] = []
        self._interruptible = False

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Let signals end the watch while the block runs; those that are ignored (nohup) stay so."""
        handled = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._end) for number in handled}
        try:
            yield
        finally:
            self._unwatch()
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """While the block runs, a signal raises `KeyboardInterrupt`: a reader who has stopped reading blocks writes."""
        self._interruptible = True
        try:
            yield
        finally:
            self._interruptible = False

    def watch(self, folder: Path, notify: Notify) -> None:
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
            self._threads = _watching(folder, self._on_change)
        except OSError as error:
            notify(f"{folder}: the system gives no notice of changes ({error.strerror}); reading every second instead")

    def wait(self, least: float) -> None:
        """Sleep until something happens, for `MAX_WAIT_SECONDS` seconds at most, and for `least` in any case."""
        if self.ended:
            return
        began = time.monotonic()
        try:
            self._events.get(timeout=MAX_WAIT_SECONDS)
            if not self.ended:
                time.sleep(max(least - (time.monotonic() - began), 0))
            while True:
                self._events.get_nowait()
        except Empty:
            pass

    def _on_change(self, _path: str) -> None:
        if self._events.empty():
            self._events.put(None)

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self.ended = True
        self._events.put(None)
        if self._interruptible:
            raise KeyboardInterrupt

    def _unwatch(self) -> None:
        for thread in self._threads:
            stop = getattr(thread, "stop", None)
            if stop is not None:
                stop()
        self._threads, self._watched = [], None


def _watching(folder: Path, ring: object) -> list[threading.Thread]:
    """Start zat's watcher of a folder; return its threads, because it keeps no handle by which to stop them."""
    from zat.utils.dir_watcher import DirWatcher  # noqa: PLC0415 - watchdog comes with it

    before = set(threading.enumerate())
    DirWatcher(str(folder), ring)
    return [thread for thread in threading.enumerate() if thread not in before]
