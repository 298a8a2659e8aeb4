"""Runs of programs as tables: medians side by side, and as ratios to DuckDB."""

from __future__ import annotations

import multiprocessing
import os
import platform
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
_LIBRARIES: Final = ("polars", "isal", "duckdb", "zat", "pandas")


class Run(NamedTuple):
    """One run of a program: seconds of wall and processor time, peak memory in MiB."""

    seconds: float
    cpu: float
    mib: float


def apart(make: Callable[..., Path], *given: object) -> Path:
    """Have logs written in a process that ends: what is measured inherits the peak memory of who starts it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(make, *given).result()


def measured(command: Sequence[str]) -> Run:
    """Run a command to its end. Raises `SystemExit` if it fails."""
    # Whoever has installed a program has it compiled; the first run, which does not count, does so here.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    # Not to /dev/null: grep, which sees that nobody listens, would end at its first match.
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, cwd=ROOT, stdout=said, env=environment) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)[:200]} ended with {process.returncode}")
    return Run(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(runs: Sequence[Run]) -> Run:
    """Return the medians of each figure."""
    return Run(*(statistics.median(values) for values in zip(*runs, strict=True)))


def table(title: str, runs: Mapping[str, Sequence[Run]], base: str) -> Iterator[str]:
    """Yield a Markdown table; ratios are of wall time, to the program `base`."""
    yield f"**{title}**"
    yield ""
    yield f"| program | wall s | CPU s | peak MiB | wall / {base} | all runs, wall s |"
    yield "|---|---:|---:|---:|---:|---|"
    against = median(runs[base]).seconds
    for name, each in runs.items():
        if not each:
            yield f"| {name} | missing: not installed | | | | |"
            continue
        m = median(each)
        walls = " ".join(f"{run.seconds:.2f}" for run in each)
        yield f"| {name} | {m.seconds:.2f} | {m.cpu:.2f} | {m.mib:.0f} | {m.seconds / against:.2f} | {walls} |"
    yield ""


def machine() -> str:
    """Name the machine, what it was busy with, and the libraries."""
    named = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    model = named[1] if named else platform.processor()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return (
        f"{model}, {os.cpu_count()} processors, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {libraries}. "
        f"Load average when the run began: {os.getloadavg()[0]:.1f} (a figure above 1 means others were at work)."
    )


def put(path: Path, lines: Sequence[str]) -> None:
    """Write lines between the markers of a page."""
    begin, end = "<!-- measured: begin -->", "<!-- measured: end -->"
    text = path.read_text(encoding="utf-8")
    middle = "\n".join([begin, "", *lines, end])
    new = re.sub(f"{begin}.*{end}", lambda _: middle, text, flags=re.DOTALL)
    path.write_text(new, encoding="utf-8")
