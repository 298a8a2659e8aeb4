"""`python -m benchmarks.dask`: ingest of a day by one Dask worker and by two, each bound to a core of its own.

Both clusters are up all the time, and run in turns with the local engine, so that what else the machine does
falls on all; the least time of each counts. Scheduler, workers and asker are processes of this machine, and the lake is
a folder of it: what a network adds is not measured.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.day import write_day
from zeeksmtp.engine.dask import DaskEngine
from zeeksmtp.engine.local import LocalEngine
from zeeksmtp.execution import Engine
from zeeksmtp.reading.discover import find

_ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
_START = 30.0  # seconds for a scheduler to come up


def main(words: list[str]) -> int:
    """Measure, print, and give 1 if two workers gain too little."""
    parser = ArgumentParser(prog="python -m benchmarks.dask", description=__doc__)
    parser.add_argument("--cache", type=Path, help="keep the generated day here for the next time")
    parser.add_argument("--rows", type=int, default=4_800_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--at-least", type=float, default=1.7, help="exit with 1 if two workers gain less")
    given = parser.parse_args(words)
    cores = sorted(os.sched_getaffinity(0))[:2]
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        day = write_day(given.cache or folder, given.rows)
        engines: list[Engine] = [stack.enter_context(_cluster(folder / str(n), cores[:n])) for n in (1, 2)]
        engines.append(LocalEngine())
        runs = [[_seconds(engine, day) for engine in engines] for _ in range(given.runs + 1)][1:]  # the first warms up
    one, two, local = (list(times) for times in zip(*runs, strict=True))
    for name, times in (("one worker", one), ("two workers", two), ("local engine", local)):
        each = " ".join(f"{seconds:.2f}" for seconds in times)
        _say(f"{name:14}least {min(times):6.2f} s   all runs: {each}")
    gain = min(one) / min(two)
    _say(f"two workers are {gain:.2f} times as fast as one (at least {given.at_least})")
    return int(gain < given.at_least)


def _seconds(engine: Engine, day: Path) -> float:
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-bench-") as lake:
        sources = find([day]).sources
        began = time.perf_counter()
        records = engine.ingest(sources, Path(lake))
        took = time.perf_counter() - began
    if problems := [record.problem for record in records if record.problem]:
        raise SystemExit(f"{len(problems)} files were not read: {problems[0]}")
    return took


@contextmanager
def _cluster(folder: Path, cores: list[int]) -> Iterator[DaskEngine]:
    """Start a scheduler and one worker with one thread on each of the cores."""
    folder.mkdir()
    file = folder / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": {**os.environ, **_ONE_THREAD}}
    dask = [sys.executable, "-m", "dask"]
    scheduler = [*dask, "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    worker = [*dask, "worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    worker += ["--local-directory", str(folder)]
    processes = [subprocess.Popen(scheduler, **quiet)]  # type: ignore[call-overload]
    try:
        until = time.monotonic() + _START
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.1)
        bound = [["taskset", "--cpu-list", str(core), *worker] for core in cores]
        processes += [subprocess.Popen(words, **quiet) for words in bound]  # type: ignore[call-overload]
        yield DaskEngine(_address(file, len(cores)))
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def _address(file: Path, workers: int) -> str:
    """Return the scheduler's address as soon as its workers are there."""
    from distributed import Client

    with Client(scheduler_file=str(file), set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=_START)
        return str(client.scheduler.address)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
