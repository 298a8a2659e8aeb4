"""`python -m benchmarks.detectors`: every fact and every detector over a large lake, with time and memory.

10 million sessions and mails over 28 days, 200,000 logins and 500,000 questions for names. The lake is made by another
process, so that its memory does not count here.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from evaluation.judging import Evaluated, judged_lake
from zeeksmtp.model import Context

_SESSIONS = 10_000_000


def main(words: list[str]) -> int:
    """Make the lake, unless one is given; judge it; print what it took."""
    parser = ArgumentParser(prog="python -m benchmarks.detectors", description=__doc__)
    parser.add_argument("--lake", type=Path, help="a lake that is there, or where to make it and leave it")
    parser.add_argument("--sessions", type=int, default=_SESSIONS, help="how many sessions to make")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-bench-") as folder:
        lake = given.lake or Path(folder) / "lake"
        if not (lake / "conn").exists():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-m", "simulation.bulk", str(lake), str(given.sessions)], check=True)
            _say(f"lake of {given.sessions:,} sessions made in {time.perf_counter() - began:.0f} s")
        began = time.perf_counter()
        result = judged_lake(lake, Context(), Path(folder) / "facts")
        for line in _lines(result, time.perf_counter() - began):
            _say(line)
    return 1 if result.failed else 0


def _lines(result: Evaluated, seconds: float) -> Iterator[str]:
    for name, took in sorted(result.seconds.items(), key=lambda item: -item[1]):
        yield f"{took:8.2f} s {took / seconds:6.1%}  {name}"
    facts = sum(took for name, took in result.seconds.items() if name.startswith("fact "))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    yield f"facts {facts:.1f} s, detectors {sum(result.seconds.values()) - facts:.1f} s, all {seconds:.1f} s"
    yield f"{len(result.findings):,} findings; peak memory {peak:.2f} GiB"
    yield from (f"failed: {name}: {error}" for name, error in result.failed.items())


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
