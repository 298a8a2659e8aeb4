"""Run mutants over ingest and over whole reports with all outputs; print figures, end with 1 if any fault was found.

A fault is printed with the seed of its mutant: `python -m tests.fuzz --only SEED` runs that one again.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.checks import Tally, ingest_mutant, report_mutant

Check = Callable[[str, Path, Tally], None]
CHECKS: dict[str, Check] = {"ingest": ingest_mutant, "report": report_mutant}
MAX_MEMORY_MIB = 1024
_FAULTS_PRINTED = 50


def run(kind: str, seeds: list[str], folder: Path, seconds: float = float("inf")) -> Tally:
    """Check the mutants of `seeds`, for at most so many seconds."""
    tally, until = Tally(), time.monotonic() + seconds
    for seed in seeds:
        if time.monotonic() > until:
            break
        place = folder / "mutant"
        place.mkdir()
        CHECKS[kind](seed, place, tally)
        shutil.rmtree(place)
    return tally


def memory_mib() -> int:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main() -> int:
    """Run what the words say."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--ingest", type=int, default=100_000, help="mutants over ingest")
    parser.add_argument("--report", type=int, default=5_000, help="mutants over whole reports")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="longest time for each of the two")
    parser.add_argument("--start", type=int, default=0, help="first seed")
    parser.add_argument("--only", help="one seed, such as ingest-17")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-fuzz-") as folder:
        if words.only:
            return _told(words.only.split("-")[0], [words.only], Path(folder), words.seconds)
        wanted = {"ingest": words.ingest, "report": words.report}
        ends = [
            _told(kind, [f"{kind}-{n}" for n in range(words.start, words.start + many)], Path(folder), words.seconds)
            for kind, many in wanted.items()
        ]
    return max(ends)


def _told(kind: str, seeds: list[str], folder: Path, seconds: float) -> int:
    began = time.monotonic()
    tally = run(kind, seeds, folder, seconds)
    took, memory = time.monotonic() - began, memory_mib()
    sys.stdout.write(
        f"{kind}: {tally.mutants} mutants in {took:.0f} s, {len(tally.faults)} faults, "
        f"slowest of under 100 kB {tally.slowest:.2f} s ({tally.slowest_seed}), {memory} MiB\n"
    )
    for fault in tally.faults[:_FAULTS_PRINTED]:
        sys.stdout.write(f"  {fault}\n")
    sys.stdout.flush()
    return int(bool(tally.faults) or memory > MAX_MEMORY_MIB)


if __name__ == "__main__":
    sys.exit(main())
