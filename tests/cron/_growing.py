"""A log folder that grows as Zeek's does: lines come in pieces that end anywhere, files are rotated and packed."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.conftest import CAPTURES

SENSORS = ("account_abuse", "auth_plain_initial", "brute_force_hydra", "vrfy_scan")
Step = Callable[[], None]


class Growing:
    """The logs of some captures, each in a folder of its own, brought into `folder` step by step."""

    def __init__(self, folder: Path, seed: int, steps: int) -> None:
        self.folder = folder
        self.steps = steps
        self._random = random.Random(seed)
        self._rest: dict[Path, bytes] = {}
        for number, name in enumerate(SENSORS):
            form = "json" if number % 2 else "tsv"
            for log in sorted((CAPTURES / name / form).glob("*.log")):
                self._rest[folder / name / log.name] = log.read_bytes()
        self._packing: list[Path] = []
        self._size = sum(map(len, self._rest.values())) // (steps - 1) + 1

    def __iter__(self) -> Iterator[None]:
        """Take one step for each; the last one leaves nothing out, but does not pack what it rotates."""
        for number in range(self.steps):
            for path in self._packing:
                self._pack(path)
            self._packing = []
            room = self._size if number < self.steps - 1 else sum(map(len, self._rest.values()))
            while room > 0 and self._rest:
                room -= self._grow(self._random.choice(sorted(self._rest)), room)
            yield

    def _grow(self, path: Path, most: int) -> int:
        rest = self._rest[path]
        size = min(self._random.randint(1, most), len(rest))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(rest[:size])
        self._rest[path] = rest[size:]
        if not self._rest[path]:
            del self._rest[path]
            rotated = path.with_name(f"{path.stem}.10:00:00-11:00:00.log")
            path.rename(rotated)
            self._packing.append(rotated)
        return size

    def _pack(self, path: Path) -> None:
        packed = path.with_name(f"{path.name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        os.utime(packed, ns=(path.stat().st_mtime_ns, path.stat().st_mtime_ns))
        path.unlink()
