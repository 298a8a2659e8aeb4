"""`zeeksmtp report` over a day of conn.log beside DuckDB doing one roll-up of it: wall time and peak memory.

Both run as programs of their own, in turns, so that what else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.day import write_day

ROOT = Path(__file__).parents[2]


class Run(NamedTuple):
    """One run of a program."""

    seconds: float
    cpu: float
    megabytes: float


def main() -> int:
    """Measure and print."""
    args = _arguments()
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-bench-") as folder:
        day = write_day(args.cache or Path(folder), args.rows)
        size = sum(path.stat().st_size for path in day.glob("*.log"))
        sys.stdout.write(f"{args.rows:,} rows, {size / 1e6:.0f} MB, 24 files, {os.cpu_count()} processors\n")
        report = [sys.executable, "-m", "zeeksmtp", "report", str(day), "--quiet", "--format", "json"]
        report += ["-o", str(Path(folder) / "report.json")]
        duck = [sys.executable, "-m", "tests.benchmarks.duck", str(day)]
        runs = [(_measured(report), _measured(duck)) for _ in range(args.runs)]
    ours, theirs = [run[0] for run in runs], [run[1] for run in runs]
    _print(ours, theirs)
    ratio = _median(ours).seconds / _median(theirs).seconds
    sys.stdout.write(f"ratio {ratio:.2f} (at most {args.at_most})\n")
    return int(ratio > args.at_most)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--cache", type=Path, help="keep the generated day here for the next time")
    parser.add_argument("--rows", type=int, default=4_800_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--at-most", type=float, default=2.0, help="exit with 1 if the ratio of medians is above")
    return parser.parse_args()


def _measured(command: list[str]) -> Run:
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Run(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _median(runs: list[Run]) -> Run:
    return Run(*(statistics.median(values) for values in zip(*runs, strict=True)))


def _print(ours: list[Run], theirs: list[Run]) -> None:
    sys.stdout.write(f"{'':24}{'wall s':>9}{'cpu s':>9}{'MiB':>7}   all runs, wall s\n")
    for name, runs in (("zeeksmtp report", ours), ("DuckDB, one roll-up", theirs)):
        m = _median(runs)
        each = " ".join(f"{run.seconds:.2f}" for run in runs)
        sys.stdout.write(f"{name:24}{m.seconds:9.2f}{m.cpu:9.2f}{m.megabytes:7.0f}   {each}\n")


if __name__ == "__main__":
    sys.exit(main())
