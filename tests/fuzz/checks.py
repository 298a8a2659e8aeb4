"""What must hold for every mutant: nothing fails, no line is lost, none takes long."""

from __future__ import annotations

import gzip
import logging
import random
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import zeeksmtp.outputs
from tests.conftest import ROOT
from tests.fuzz.mutators import mutant
from tests.logs.reading import count, data_lines
from zeeksmtp import pipeline
from zeeksmtp.config import Settings
from zeeksmtp.errors import NoInputError
from zeeksmtp.ingest import every_record, ingest_file
from zeeksmtp.model import Output, View
from zeeksmtp.reading.discover import Source
from zeeksmtp.reading.header import heads_rows
from zeeksmtp.reading.kinds import by_name
from zeeksmtp.reading.scan import decoded
from zeeksmtp.registry import discover

SMALL_BYTES = 100_000
"""What a mutant is compared with `MAX_SECONDS` below."""
MAX_SECONDS = 2.0
"""Of all processors together: what else the machine does must not count."""
MAX_SEED_BYTES = 60_000  # of an original: larger ones hold more of the same


@dataclass
class Tally:
    """What a run of mutants came to."""

    mutants: int = 0
    slowest: float = 0.0
    slowest_seed: str = ""
    faults: list[str] = field(default_factory=list)

    def add(self, seed: str, seconds: float, size: int, faults: list[str]) -> None:
        """Count one mutant."""
        self.mutants += 1
        if size < SMALL_BYTES and seconds > self.slowest:
            self.slowest, self.slowest_seed = seconds, seed
        if size < SMALL_BYTES and seconds > MAX_SECONDS:
            faults = [*faults, f"took {seconds:.1f} s for {size} bytes"]
        self.faults += [f"{seed}: {fault}" for fault in faults]


@cache
def seeds() -> Mapping[str, list[Path]]:
    """Return every log of the fixtures that is read, by the folder that it lies in."""
    folders: dict[str, list[Path]] = {}
    for path in sorted((ROOT / "fixtures").rglob("*.log*")):
        if path.stat().st_size <= MAX_SEED_BYTES and "packed" not in path.parts:  # some of these are damaged
            folders.setdefault(str(path.parent), []).append(path)
    return folders


@cache
def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def _form(data: bytes) -> str:
    return "json" if data.lstrip().startswith(b"{") else "tsv"


@contextmanager
def failures() -> Iterator[list[str]]:
    """Collect what the package logs as failed."""
    found: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("zeeksmtp")
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)


def ingest_mutant(seed: str, folder: Path, tally: Tally) -> None:
    """Read one mutant, and account for its lines by a plain count."""
    dice = random.Random(seed)
    paths = seeds()[dice.choice(list(seeds()))]
    original = dice.choice(paths)
    data = mutant(_content(original), dice)
    path = folder / original.name.removesuffix(".gz")
    path.write_bytes(data)
    form = _form(_content(original))
    log = by_name(path.name) or dice.choice(["conn", "smtp"])
    source = Source(path, log, form, len(data))  # type: ignore[arg-type]

    def check() -> list[str]:
        records = list(every_record([ingest_file(source, folder / "lake")]))
        heading = form == "tsv" and heads_rows(decoded(data.split(b"\n")[0]).rstrip("\r"))
        read, there = sum(count(record) for record in records), data_lines(data, form) - heading
        return [] if read == there else [f"{read} lines of {there} are accounted for"]

    _timed(seed, len(data), check, tally)


def report_mutant(seed: str, folder: Path, tally: Tally) -> None:
    """Make a report, in all forms, of a folder of logs of which some are broken."""
    dice = random.Random(seed)
    paths = seeds()[dice.choice([name for name in seeds() if "captures" in name or "scenarios" in name])]
    broken = set(dice.sample(paths, dice.randint(1, min(3, len(paths)))))
    size = 0
    for path in paths:
        data = mutant(_content(path), dice) if path in broken else _content(path)
        (folder / path.name.removesuffix(".gz")).write_bytes(data)
        size += len(data)

    def check() -> list[str]:
        try:
            report = pipeline.run(pipeline.Request((folder,), Settings()))
        except NoInputError:
            return []
        for output in outputs().values():
            output.render(report, View(full=dice.random() < 0.5))
        return [f"{error.where}: {error.what}" for error in report.errors if "fail" in error.what]

    _timed(seed, size, check, tally)


@cache
def outputs() -> Mapping[str, Output]:
    """Return all forms of a report."""
    return discover(zeeksmtp.outputs, "OUTPUT")


def _timed(seed: str, size: int, check: Callable[[], list[str]], tally: Tally) -> None:
    began = time.process_time()
    with failures() as failed:
        try:
            faults = check()
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            last = traceback.extract_tb(error.__traceback__)[-1]
            faults = [f"{type(error).__name__} at {last.filename}:{last.lineno}: {error}"]
    tally.add(seed, time.process_time() - began, size, [*faults, *failed])
