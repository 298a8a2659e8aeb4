"""An end to how long a conversation with another machine may take, whatever that machine does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, Queue
from typing import TypeVar, cast

T = TypeVar("T")


def within(seconds: float, talk: Callable[[], T], errors: tuple[type[Exception], ...]) -> T:
    """Return what `talk` returns, or raise what it raises of `errors`, or `TimeoutError` after `seconds`.

    Timeouts of sockets are per byte, and that of a DNS query cannot be set at all: so `talk` runs in a thread of its
    own, which is left behind if it is late. It does not keep the process from ending.
    """
    ended: Queue[tuple[T | None, Exception | None]] = Queue()

    def run() -> None:
        try:
            ended.put((talk(), None))
        except errors as error:
            ended.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = ended.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"not done after {seconds:g} s") from None
    if error is not None:
        raise error
    return cast("T", result)
