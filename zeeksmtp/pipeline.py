"""The one place that knows the order: files, lake, facts, detectors, incidents, report."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import polars as pl

from zeeksmtp import __version__
from zeeksmtp.config import Settings
from zeeksmtp.correlate.incidents import incidents_of
from zeeksmtp.correlate.suppress import suppress
from zeeksmtp.engine._base import Engine
from zeeksmtp.engine._room import room
from zeeksmtp.ingest import FileRecord, every_record
from zeeksmtp.logs._discover import Found, Source, find
from zeeksmtp.model import (
    Context,
    Detector,
    Fact,
    Finding,
    HostRole,
    Log,
    Params,
    Posture,
    Problem,
    Report,
    Run,
    Site,
    Tables,
    Traffic,
    UsedSettings,
    Volume,
    Window,
)
from zeeksmtp.registry import discover
from zeeksmtp.report.explained import explanations
from zeeksmtp.report.findings import credentials_of, findings_of, in_order
from zeeksmtp.report.gaps import SESSIONS_BY_HOUR, gaps_of
from zeeksmtp.report.inputs import coverage_of, inputs_of, problems_of, span_of
from zeeksmtp.report.overview import SESSIONS_BY_VERSION, posture_of, quality_of, roles_of, volumes_of
from zeeksmtp.report.traffic import counts_by_day, traffic_of
from zeeksmtp.tables import Maker, levels, put_together

Keep = Callable[[str, pl.LazyFrame], pl.LazyFrame]

Choose = Callable[[Detector, pl.DataFrame], pl.DataFrame]
"""Given all rows of a detector, gives those that findings are to be made of."""

_DETECTORS_AT_ONCE = 2  # planning a detector holds the interpreter, running it does not: two keep both busy

SHARED_ROLES = ("relay", "gateway")
"""Roles of hosts that speak for many: their address is no actor."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked to do.

    `started` is called once with the files to read, `progress` once for each that is done. `choose` leaves rows out
    that the caller knows already; it is called from several threads, once for each detector.
    """

    paths: tuple[Path, ...]
    settings: Settings
    window: Window = field(default_factory=Window)
    engine: str = "local"
    progress: Callable[[FileRecord], None] | None = None
    started: Callable[[Sequence[Source]], None] | None = None
    choose: Choose = lambda _detector, rows: rows

    @property
    def context(self) -> Context:
        """Give what detectors are told."""
        settings = self.settings
        return Context(settings.site, self.window, settings.alpha, settings.false_discovery_rate)


@dataclass(slots=True)
class Judged:
    """What the detectors said, and which of them failed."""

    findings: list[Finding] = field(default_factory=list)
    trials: int = 0
    problems: list[Problem] = field(default_factory=list)


def logs() -> Mapping[str, Log]:
    """Give the logs that are read, by name."""
    return discover("zeeksmtp.logs", "LOG")


def facts() -> list[Fact]:
    """Give the facts, each after those that it needs."""
    return [fact for step in levels() for fact in step]


def detectors() -> list[Detector]:
    """Give the detectors, by id."""
    return sorted(discover("zeeksmtp.detectors", "DETECTOR").values(), key=lambda detector: detector.id)


def facts_of(tables: Tables, site: Site, keep: Keep = lambda _name, plan: plan) -> dict[str, pl.LazyFrame]:
    """Add all facts to the logs in `tables`. `keep` may run a plan and give a frame that reads its result."""
    known = dict(tables)
    for fact in facts():
        known[fact.name] = keep(fact.name, fact.plan(known, site))
    return known


def judge(detector: Detector, tables: Tables, params: Params, context: Context) -> pl.LazyFrame:
    """Give a detector's plan over the tables that it declares; it cannot see others."""
    return detector.plan(seen_by(detector, tables, params, context), params, context)


def seen_by(detector: Detector, tables: Tables, params: Params, context: Context) -> dict[str, pl.LazyFrame]:
    """Give the tables that a detector declares, and `daily` if it has such rows: of `tables`, or made here."""
    seen = {name: tables[name] for name in detector.needs}
    if (daily := detector.daily) is not None:
        there = tables.get(detector.id)
        seen["daily"] = there if there is not None else daily.plan(tables, params, context)
    return seen


def days_of(detector: Detector, params: Params, context: Context) -> list[Fact]:
    """Give what a detector needs to know of each day as a fact (none or one), named by the detector's id."""
    if (daily := detector.daily) is None:
        return []
    return [
        Fact(
            name=detector.id,
            doc=f"what {detector.id} needs to know of each day",
            columns=(),
            needs=daily.needs,
            plan=lambda tables, _site: daily.plan(tables, params, context),
            daily=True,
            merge=daily.merge,
            made_with=f"{params!r} {context!r}",
        )
    ]


@contextmanager
def units_beside(those: Collection[str]) -> Iterator[None]:
    """Import what judges `those` logs, and what it counts their mails with, beside what is done within."""
    if not those:  # then nothing may be judged at all
        yield
        return
    counted = ["scipy.special"] * ("smtp" in those)
    with ThreadPoolExecutor(1, thread_name_prefix="units") as pool:
        imported = pool.submit(lambda: (facts(), detectors(), *map(import_module, counted)))
        yield
        imported.result()


def _read(request: Request, engine: Engine, lake: Path) -> tuple[Found, list[FileRecord]]:
    found = find(request.paths)
    if request.started is not None:
        request.started(found.sources)
    with units_beside({source.log for source in found.sources}):
        return found, list(every_record(engine.ingest(found.sources, lake, request.progress)))


def tables_of(request: Request, engine: Engine, folder: Path) -> dict[str, pl.LazyFrame]:
    """Give the logs of the lake in `folder`/lake and the facts up to the end of the window."""
    settings = request.settings
    days = [fact for d in detectors() for fact in days_of(d, settings.params(d.id), request.context)]
    days += [counts_by_day(request.context), SESSIONS_BY_HOUR, SESSIONS_BY_VERSION]
    return Maker(folder / "lake", folder, logs(), engine, settings.site, request.window, days).tables()


def detect(request: Request, engine: Engine, tables: Tables, those: Sequence[Detector] | None = None) -> Judged:
    """Run `those` detectors (default: all) over logs and facts, each on its own: one that fails is a problem."""
    with ThreadPoolExecutor(_DETECTORS_AT_ONCE, thread_name_prefix="detect") as pool:
        run = pool.map(lambda detector: _judged(request, engine, tables, detector), those or detectors())
        parts = list(run)
    return Judged(
        findings=[finding for part in parts for finding in part.findings],
        trials=sum(part.trials for part in parts),
        problems=[problem for part in parts for problem in part.problems],
    )


def _judged(request: Request, engine: Engine, tables: Tables, detector: Detector) -> Judged:
    try:
        params = request.settings.params(detector.id)
        rows = engine.collect(judge(detector, tables, params, request.context))
        trials = _trials(detector, tables, params, request.context, engine)
        return Judged(findings_of(detector, request.choose(detector, rows)), trials)
    except Exception as error:  # noqa: BLE001 - one failed unit must not cost the report of all others
        return Judged(problems=[Problem(where=detector.id, what=f"the detector failed: {type(error).__name__}")])


def _shared(tables: Tables, engine: Engine) -> set[str]:
    hosts = tables["role"].filter(pl.col("role").is_in(SHARED_ROLES)).select("host")
    return set(engine.collect(hosts).to_series())


def _trials(detector: Detector, tables: Tables, params: Params, context: Context, engine: Engine) -> int:
    if detector.trials is None:
        return 0
    seen = seen_by(detector, tables, params, context)
    return int(engine.collect(detector.trials(seen, params, context)).item() or 0)


def report_over(request: Request, engine: Engine, folder: Path, found: Found, records: list[FileRecord]) -> Report:
    """Judge the lake in `folder`/lake and give the report. What a large lake's facts take lies in `folder`, too.

    `found` and `records` are the files that this run read: `inputs`, `window` and `coverage` are made of them.
    """
    return _report(request, engine, tables_of(request, engine, folder), found, records)


@dataclass(frozen=True, slots=True)
class _Sums:
    """What the report says beside its findings; `shared` are hosts that speak for many."""

    roles: tuple[HostRole, ...]
    shared: set[str]
    posture: Posture
    volumes: tuple[Volume, ...]
    traffic: Traffic
    notes: tuple[str, ...]


def _sums(request: Request, engine: Engine, tables: Tables) -> _Sums:
    window, timezone = request.window, request.settings.timezone
    roles, role_notes = roles_of(tables, engine.collect)
    posture, posture_notes = posture_of(tables, engine.collect)
    volumes, volume_notes = volumes_of(tables, window, engine.collect)
    gaps = gaps_of(tables, window, timezone, engine.collect)
    return _Sums(
        roles=roles,
        shared=_shared(tables, engine),
        posture=posture,
        volumes=volumes,
        traffic=traffic_of(tables, request.context, engine.collect),
        notes=(*quality_of(tables, engine.collect), *gaps, *posture_notes, *role_notes, *volume_notes),
    )


def _report(request: Request, engine: Engine, tables: Tables, found: Found, records: list[FileRecord]) -> Report:
    with ThreadPoolExecutor(1, thread_name_prefix="sums") as pool:
        waiting = pool.submit(_sums, request, engine, tables)
        judged = detect(request, engine, tables)
        kept, suppressed = suppress(in_order(judged.findings), request.settings.suppress, datetime.now(UTC).date())
        sums = waiting.result()
    inputs = inputs_of(found, records)
    known = detectors()
    return Report(
        run=Run(version=__version__, generated=datetime.now(UTC), seconds=0),
        window=span_of(records, request.window),
        inputs=inputs,
        coverage=coverage_of(logs(), known, {record.source.log for record in records}, sums.notes),
        posture=sums.posture,
        roles=sums.roles,
        credentials_to_change=credentials_of(kept, {d.id for d in known if d.spends}),
        volumes=sums.volumes,
        traffic=sums.traffic,
        settings=UsedSettings(
            alpha=request.settings.alpha,
            false_discovery_rate=request.settings.false_discovery_rate,
            trials=judged.trials,
            suppressed=suppressed,
        ),
        findings=kept,
        incidents=incidents_of(
            kept,
            sums.shared,
            {d.id: d.stage for d in known},
            request.settings.link_hours,
        ),
        detectors=explanations({finding.detector for finding in kept}),
        errors=(*problems_of(inputs), *judged.problems),
    )


def run(request: Request) -> Report:
    """Make a report of the logs under `request.paths`, through a lake in a private folder that ends with the run.

    Raises `NoInputError` if a path does not exist or holds no usable log.
    """
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-", dir=request.settings.lake_dir) as folder:
        return _through(request, Path(folder))


def export(request: Request, folder: Path) -> Report:
    """Like `run`, but leave the lake (`folder`/lake/<log>/*.parquet) and the facts (`folder`/facts/<fact>.parquet)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _through(request, folder, keep_facts=True)


def _through(request: Request, folder: Path, *, keep_facts: bool = False) -> Report:
    began = time.perf_counter()
    (folder / "lake").mkdir(mode=0o700, exist_ok=True)
    engine = engine_named(request.engine).configured(request.settings)
    with room(folder):
        found, records = _read(request, engine, folder / "lake")
        tables = tables_of(request, engine, folder)
        report = _report(request, engine, tables, found, records)
        if keep_facts:
            put_together(folder, tables, engine)
    seconds = round(time.perf_counter() - began, 3)
    return report.model_copy(update={"run": report.run.model_copy(update={"seconds": seconds})})


def engine_named(name: str) -> Engine:
    """Give the engine that `--engine` names."""
    engine: Engine = import_module(f"zeeksmtp.engine.{name}").ENGINE
    return engine
