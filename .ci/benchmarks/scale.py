"""`python -m benchmarks.scale`: what reading and judging cost at three sizes, and what more would.

Prints the tables of docs/scale.md; `--write` puts them there. Each size is measured by a process of its own; of several
runs the one with the least processor time counts.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import scale_page
from benchmarks.day import write_day
from benchmarks.scale_page import Judging, Reading
from benchmarks.table import ROOT, apart

_ROWS = (1_200_000, 4_800_000, 19_200_000)
_SESSIONS = (300_000, 1_000_000, 3_000_000)


class Cost(NamedTuple):
    """What a process took."""

    seconds: float
    cpu: float
    mib: float


def main(words: list[str]) -> int:
    """Measure, print, and write with `--write`."""
    parser = ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--cache", type=Path, help="keep generated logs and lakes here for the next time")
    parser.add_argument("--rows", type=int, nargs=3, default=_ROWS, help="lines of conn.log in a day")
    parser.add_argument("--sessions", type=int, nargs=3, default=_SESSIONS, help="sessions in a lake of 28 days")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scale.md")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-bench-") as folder:
        cache = given.cache or Path(folder)
        readings = [Reading(**_best("_reading", apart(write_day, cache, rows), given.runs)) for rows in given.rows]
        judgings = [Judging(**_best("_judging", _lake(cache, count), given.runs)) for count in given.sessions]
    tables = scale_page.tables(readings, judgings)
    for text in tables.values():
        print(text, end="\n\n")  # noqa: T201
    if given.write:
        scale_page.write(ROOT / "docs" / "scale.md", tables)
    return 0


def _best(function: str, folder: Path, runs: int) -> dict[str, Any]:
    """Call a function of this module with a folder, in processes of their own; give what the cheapest one said."""
    code = f"import sys; from benchmarks import scale; scale.{function}(sys.argv[1])"
    command = [sys.executable, "-c", code, str(folder)]
    said = [subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout for _ in range(runs)]
    results: list[dict[str, Any]] = [json.loads(text) for text in said]
    return min(results, key=lambda result: float(result["cost"][1]))


def _lake(cache: Path, sessions: int) -> Path:
    """Make a lake of 28 days in which every partner and host has as many sessions, whatever the size."""
    lake = cache / f"lake-{sessions}"
    code = (
        "import sys; from pathlib import Path; from simulation.bulk import Size, write; n = int(sys.argv[2]); "
        "write(Path(sys.argv[1]), Size(n, logins=n // 50, questions=n // 20, partners=n // 500, people=n // 3000))"
    )
    if not lake.exists():
        subprocess.run([sys.executable, "-c", code, str(lake), str(sessions)], cwd=ROOT, check=True)
    return lake


def _reading(day: str) -> None:
    """Ingest a day."""
    from zeeksmtp.engine.local import ENGINE
    from zeeksmtp.reading.discover import find

    with tempfile.TemporaryDirectory(prefix="zeeksmtp-bench-") as lake:
        began = time.perf_counter()
        sources = find([Path(day)]).sources
        records = ENGINE.ingest(sources, Path(lake))
        cost = _cost(began)
        size = sum(source.size for source in sources)
        kept = sum(record.kept for record in records)
        lines = kept + sum(record.skipped + record.rejected for record in records)
        _tell(size=size, lines=lines, kept=kept, lake=_bytes(Path(lake)), cost=cost)


def _judging(lake: str) -> None:
    """Make all facts of a lake, and ask all detectors."""
    from evaluation.judging import judged_lake
    from zeeksmtp.model import Context

    with tempfile.TemporaryDirectory(prefix="zeeksmtp-bench-") as facts:
        began = time.perf_counter()
        result = judged_lake(Path(lake), Context(), Path(facts))
        cost = _cost(began)
        if result.failed:
            raise SystemExit(f"failed: {result.failed}")
        sessions = int(Path(lake).name.rpartition("-")[2])
        _tell(sessions=sessions, lake=_bytes(Path(lake)), facts=_bytes(Path(facts)), parts=result.seconds, cost=cost)


def _cost(began: float) -> Cost:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Cost(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


def _tell(**values: object) -> None:
    json.dump(values, sys.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
