"""The tables of docs/scale.md: what was measured, and the straight lines through it as far as 100,000 bench days."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

BENCH_LINES = 4_800_000
"""Lines of conn.log in the bench day, the unit of all factors."""
FACTORS = (1, 10, 1_000, 100_000)
DAYS = 35  # default of `retention_days`
_PASS = 300.0  # seconds in which a scheduled pass should have read the last hour
_HOUR = 3600.0
_MEMORY = 64 * 1024.0  # MiB of a common server


class Reading(NamedTuple):
    """Ingest of a day of conn.log: bytes and lines read, rows kept, bytes of the lake; seconds, CPU seconds, MiB."""

    size: int
    lines: int
    kept: int
    lake: int
    cost: tuple[float, float, float]


class Judging(NamedTuple):
    """Facts and detectors over a lake: sessions, bytes of lake and facts, seconds of each; cost as in `Reading`."""

    sessions: int
    lake: int
    facts: int
    parts: Mapping[str, float]
    cost: tuple[float, float, float]


def tables(readings: Sequence[Reading], judgings: Sequence[Judging]) -> dict[str, str]:
    """Return the tables by the name of their marker."""
    model = Model(readings, judgings)
    load = f"load over the last 15 minutes {os.getloadavg()[2]:.0f}"
    return {
        "machine": f"{_processor()}, {os.cpu_count()} processors, polars {pl.__version__}; "
        f"{load} (above the number of processors, wall times are too long).",
        "reading": "\n".join(_reading(readings)),
        "judging": "\n".join(_judging(judgings)),
        "parts": "\n".join(_parts(judgings)),
        "paper": "\n".join(_paper(model)),
        "limits": "\n".join(_limits(model)),
    }


def write(page: Path, made: Mapping[str, str]) -> None:
    """Put the tables between their markers. Raises `ValueError` if one is missing."""
    text = page.read_text(encoding="utf-8")
    for name, table in made.items():
        start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        head, body = text.split(start)
        _, tail = body.split(end)
        text = f"{head}{start}\n{table}\n{end}{tail}"
    page.write_text(text, encoding="utf-8")


class Model:
    """Straight lines: costs per byte and session at the largest size, beyond it by what the last step added."""

    def __init__(self, readings: Sequence[Reading], judgings: Sequence[Judging]) -> None:
        read, (before, after) = readings[-1], judgings[-2:]
        self.day_bytes = read.size / read.lines * BENCH_LINES
        self.day_sessions = read.kept / read.lines * BENCH_LINES
        self.day_seconds, self.day_cpu = (cost / read.lines * BENCH_LINES for cost in read.cost[:2])
        self.reading_mib = read.cost[2]
        self.session_bytes = after.lake / after.sessions
        self._after = after
        step = after.sessions - before.sessions
        self._slopes = [max(0.0, (b - a) / step) for a, b in zip(before.cost, after.cost, strict=True)]

    def judging(self, sessions: float) -> list[float]:
        """Return seconds, CPU seconds and MiB that judging so many sessions would take."""
        more = sessions - self._after.sessions
        return [cost + more * slope for cost, slope in zip(self._after.cost, self._slopes, strict=True)]

    def sessions(self, which: int, limit: float) -> float:
        """Return the sessions at which the cost of that number (see `judging`) reaches the limit."""
        slope = self._slopes[which]
        return self._after.sessions + (limit - self._after.cost[which]) / slope if slope else math.inf


def _reading(readings: Sequence[Reading]) -> Iterator[str]:
    head = ("lines of conn.log", "MB read", "rows kept", "lake MB", "bytes of lake per row", "wall s", "CPU s")
    yield from _head(*head, "CPU s per GB", "peak MiB")
    for one in readings:
        seconds, cpu, mib = one.cost
        yield _row(
            *(f"{one.lines:,}", f"{one.size / 1e6:,.0f}", f"{one.kept:,}", f"{one.lake / 1e6:,.1f}"),
            *(f"{one.lake / one.kept:.0f}", f"{seconds:.2f}", f"{cpu:.2f}", f"{cpu / one.size * 1e9:.2f}"),
            f"{mib:,.0f}",
        )


def _judging(judgings: Sequence[Judging]) -> Iterator[str]:
    head = ("sessions", "lake MB", "bytes of lake per session", "facts MB", "wall s", "CPU s")
    yield from _head(*head, "CPU µs per session", "peak MiB")
    for one in judgings:
        seconds, cpu, mib = one.cost
        yield _row(
            *(f"{one.sessions:,}", f"{one.lake / 1e6:,.0f}", f"{one.lake / one.sessions:.0f}"),
            *(f"{one.facts / 1e6:,.0f}", f"{seconds:.1f}", f"{cpu:.1f}", f"{cpu / one.sessions * 1e6:.1f}"),
            f"{mib:,.0f}",
        )


def _parts(judgings: Sequence[Judging]) -> Iterator[str]:
    """The exponent is that of the last step: 1 grows as the sessions do. Small lakes are not made piece by piece."""
    before, after = judgings[-2:]
    yield from _head("fact or detector", *(f"{one.sessions:,} sessions, s" for one in judgings), "exponent")
    for name in sorted(after.parts, key=lambda name: -after.parts[name]):
        shown = name if name.startswith("fact ") else f"`{name}`"
        cells = [f"{one.parts[name]:.2f}" if name in one.parts else "-" for one in judgings]
        growth = math.log(after.sessions / before.sessions)
        ratio = after.parts[name] / before.parts[name] if before.parts.get(name) else None
        yield _row(shown, *cells, f"{math.log(ratio) / growth:.2f}" if ratio else "-")


def _paper(model: Model) -> Iterator[str]:
    yield from _head("bench days per day", *(f"{factor:,}" for factor in FACTORS))
    most = min(model.sessions(0, _HOUR), model.sessions(2, _MEMORY))
    days = [model.judging(model.day_sessions * factor * DAYS) for factor in FACTORS]
    lines = {
        "logs per day": [_size(model.day_bytes * factor) for factor in FACTORS],
        "SMTP sessions per day": [f"{model.day_sessions * factor:,.0f}" for factor in FACTORS],
        "reading: CPU per day": [_time(model.day_cpu * factor) for factor in FACTORS],
        "reading: cores to read an hour's logs in five minutes": [
            f"{max(1, math.ceil(model.day_cpu * factor / 24 / _PASS)):,}" for factor in FACTORS
        ],
        f"reading: cores to read {DAYS} days of old logs in an hour": [
            f"{math.ceil(model.day_cpu * factor * DAYS / _HOUR):,}" for factor in FACTORS
        ],
        "reading: memory per core": [_size(model.reading_mib * 2**20 / (os.cpu_count() or 1))] * len(FACTORS),
        f"lake of {DAYS} days": [_size(model.session_bytes * model.day_sessions * f * DAYS) for f in FACTORS],
        f"judging {DAYS} days at once: CPU": [_time(cpu) for _, cpu, _ in days],
        f"judging {DAYS} days at once: memory": [_size(mib * 2**20) for _, _, mib in days],
        f"reports to split it into, each of an hour and {_MEMORY / 1024:.0f} GiB at most": [
            f"{math.ceil(model.day_sessions * factor * DAYS / most):,}" for factor in FACTORS
        ],
    }
    for name, cells in lines.items():
        yield _row(name, *cells)


def _limits(model: Model) -> Iterator[str]:
    history = model.day_sessions * DAYS
    yield from _head("on one machine such as this", "gives way at, in bench days per day")
    yield _row("reading an hour's logs takes an hour", f"{24 * _HOUR / model.day_seconds:,.0f}")
    yield _row(f"judging {DAYS} days takes an hour", f"{model.sessions(0, _HOUR) / history:,.0f}")
    memory = model.sessions(2, _MEMORY) / history
    yield _row(f"judging {DAYS} days takes {_MEMORY / 1024:.0f} GiB of memory", f"{memory:,.0f}")


def _processor() -> str:
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(": ")[2] for line in info if line.startswith("model name")), "unknown processor")


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} PB" if count < 1000 else f"{count:,.0f} PB"


def _time(seconds: float) -> str:
    for unit, length in (("s", 60.0), ("min", 60.0), ("h", 24.0)):
        if seconds < 2 * length:
            return f"{seconds:.3g} {unit}"
        seconds /= length
    return f"{seconds:,.0f} days"


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row("---", *["---:"] * (len(names) - 1))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
