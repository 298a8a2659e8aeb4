"""Units are imported while logs are read: importing holds the interpreter, reading mostly does not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module

from zeeksmtp import detectors, facts
from zeeksmtp.registry import discover


@contextmanager
def units_beside(those: Collection[str]) -> Iterator[None]:
    """Import what judges `those` logs, and what it counts their mails with, beside what is done within."""
    if not those:  # then nothing may be judged at all
        yield
        return
    counted = ["scipy.special"] * ("smtp" in those)
    with ThreadPoolExecutor(1, thread_name_prefix="units") as pool:
        imported = pool.submit(
            lambda: (discover(facts, "FACT"), discover(detectors, "DETECTOR"), *map(import_module, counted))
        )
        yield
        imported.result()
