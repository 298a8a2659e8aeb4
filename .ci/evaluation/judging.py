"""The real pipeline over simulated logs: a lake, its facts, every detector."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from simulation import write
from simulation.units import LOGS
from zeeksmtp.config import Settings
from zeeksmtp.correlate.replacement import without_replaced
from zeeksmtp.materialize import Materializer
from zeeksmtp.model import Context, Finding
from zeeksmtp.pipeline import detectors, engine_named, judge, logs_there
from zeeksmtp.report import findings_of


@dataclass
class Evaluated:
    """What the detectors said of a lake, and the seconds that each part took.

    `failed` names detectors that raised an error, and the error.
    """

    findings: list[Finding] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    tables: dict[str, pl.LazyFrame] = field(default_factory=dict)


def judged(logs: Mapping[str, pl.DataFrame], context: Context, folder: Path) -> Evaluated:
    """Write logs as a lake into `folder` and judge it."""
    return judged_lake(write.lake(logs, folder / "lake"), context, folder / "facts")


def judged_lake(lake: Path, context: Context, kept: Path) -> Evaluated:
    """Judge a lake; its facts are kept in a folder, as the pipeline does."""
    engine, result = engine_named("local"), Evaluated()

    def add_seconds(name: str, seconds: float) -> None:
        result.seconds[f"fact {name}"] = result.seconds.get(f"fact {name}", 0.0) + seconds

    result.tables = Materializer(lake, kept, LOGS, engine, context, on_fact=add_seconds).tables()
    there = logs_there(result.tables, engine)
    for detector in detectors():
        if detector.visibility(there) == "blind":
            continue
        began = time.perf_counter()
        try:
            plan = judge(detector, result.tables, detector.params(), context)
            result.findings += findings_of(detector, engine.collect(plan))
        except Exception as error:  # noqa: BLE001 - one broken detector must not cost the figures of all others
            result.failed[detector.id] = f"{type(error).__name__}: {error}"[:200]
        result.seconds[detector.id] = time.perf_counter() - began
    known = {detector.id: detector for detector in detectors()}
    result.findings = without_replaced(result.findings, known, Settings().link_hours)
    return result
