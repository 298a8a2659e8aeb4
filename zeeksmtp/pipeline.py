"""The one place that knows the order: files, lake, facts, detectors, incidents, report."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import polars as pl

import zeeksmtp.detectors
import zeeksmtp.engine
import zeeksmtp.logs
from zeeksmtp import __version__, registry
from zeeksmtp.config import Settings
from zeeksmtp.correlate.incidents import Correlation, correlate
from zeeksmtp.correlate.joining import without_repetition
from zeeksmtp.correlate.minor import bounded, note_of
from zeeksmtp.correlate.replacement import without_replaced
from zeeksmtp.correlate.suppress import suppress
from zeeksmtp.disk_room import room
from zeeksmtp.dtypes import finding_schema
from zeeksmtp.execution import Engine
from zeeksmtp.fact_guard import TRACEBACK, UNGUARDED, FactGuard, Guard
from zeeksmtp.ingest import FileRecord, every_record
from zeeksmtp.materialize import Materializer, levels, put_together
from zeeksmtp.model import (
    FINDING,
    Context,
    Detector,
    Fact,
    Finding,
    Geo,
    HostName,
    Hosts,
    Incident,
    Log,
    Params,
    Problem,
    Report,
    Run,
    Tables,
    UsedSettings,
    Window,
)
from zeeksmtp.preload import units_beside
from zeeksmtp.private_folders import private_folder
from zeeksmtp.reading.discover import Found, Source, find
from zeeksmtp.registry import discover
from zeeksmtp.report.behaviour import behaviours_of
from zeeksmtp.report.explained import explanations
from zeeksmtp.report.findings import credentials_of, findings_of, in_order, root_actors
from zeeksmtp.report.hardening import Hardening, software_of
from zeeksmtp.report.inputs import coverage_of, inputs_of, outside_window, problems_of, span_of, with_siblings
from zeeksmtp.report.legacy_auth import legacy_auth_rows
from zeeksmtp.report.names import NameSources, names_of
from zeeksmtp.report.overview import posture_tables
from zeeksmtp.report.size import within_size
from zeeksmtp.report.strangers import bounded as bounded_per_stranger
from zeeksmtp.report.sums import sums_of

_logger = logging.getLogger(__name__)

T = TypeVar("T")
Keep = Callable[[str, pl.LazyFrame], pl.LazyFrame]

_DETECTORS_AT_ONCE = 2  # planning a detector holds the interpreter, running it does not: two keep both busy


@dataclass(frozen=True, slots=True)
class Request:
    """What a run does.

    `started` is called once with the files to read, `progress` once for each that is done, `step` with the name of
    each step that follows (facts, detectors, report). `complete`: Zeek wrote every log that it had reason to, so one
    that is missing hides nothing.
    """

    paths: tuple[Path, ...]
    settings: Settings
    window: Window = field(default_factory=Window)
    engine: str = "local"
    progress: Callable[[FileRecord], None] | None = None
    started: Callable[[Sequence[Source]], None] | None = None
    step: Callable[[str], None] = lambda _name: None
    complete: bool = False

    @property
    def context(self) -> Context:
        """Return what detectors get besides their tables."""
        settings = self.settings
        params = {detector.id: settings.params(detector.id) for detector in detectors()}
        return Context(settings.site, self.window, settings.alpha, settings.false_discovery_rate, params)


@dataclass(slots=True)
class Detection:
    """What the detectors found, and which of them `failed`, themselves or a fact that they need.

    `actors` is the root actor of each finding, by id; `hosts` what is known of the hosts that they name.
    """

    findings: list[Finding] = field(default_factory=list)
    actors: dict[str, str] = field(default_factory=dict)
    hosts: Hosts = field(default_factory=Hosts)
    trials: int = 0
    problems: list[Problem] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)


def logs() -> Mapping[str, Log]:
    """Return the logs that are read, by name."""
    return discover(zeeksmtp.logs, "LOG")


def facts() -> list[Fact]:
    """Return the facts, each after those that it needs."""
    return [fact for step in levels() for fact in step]


def detectors() -> list[Detector]:
    """Return the detectors, by id."""
    return sorted(discover(zeeksmtp.detectors, "DETECTOR").values(), key=lambda detector: detector.id)


def facts_of(
    tables: Tables, context: Context, keep: Keep = lambda _name, plan: plan, guard: Guard = UNGUARDED
) -> dict[str, pl.LazyFrame]:
    """Add all facts to the logs in `tables`. `keep` may run a plan and give a frame that reads its result."""
    known = dict(tables)
    for fact in facts():
        known[fact.name] = guard.table(fact, partial(_kept, keep, fact, known, context))
    return known


def _kept(keep: Keep, fact: Fact, known: Tables, context: Context) -> pl.LazyFrame:
    return keep(fact.name, fact.plan(known, context))


def judge(detector: Detector, tables: Tables, params: Params, context: Context) -> pl.LazyFrame:
    """Return a detector's plan over the tables that it declares; it cannot see others."""
    return detector.plan(visible(detector, tables), params, context)


def visible(detector: Detector, tables: Tables) -> dict[str, pl.LazyFrame]:
    """Return the tables that a detector declares."""
    return {name: tables[name] for name in detector.needs}


def _read(request: Request, engine: Engine, lake: Path) -> tuple[Found, list[FileRecord]]:
    found = find(request.paths, max_unpacked_gib=request.settings.max_unpacked_gib)
    if request.started is not None:
        request.started(found.sources)
    with units_beside({source.log for source in found.sources}):
        records = list(every_record(engine.ingest(found.sources, lake, request.progress)))
    _logger.info("read %d files: %d rows kept", len(records), sum(record.kept for record in records))
    return found, records


def guard_of(folder: Path | None = None) -> FactGuard:
    """Return the guard under which facts are computed; those of a large lake lie in `folder`."""
    return FactGuard({fact.name: fact for fact in facts()}, folder)


def tables_of(request: Request, engine: Engine, folder: Path, guard: Guard = UNGUARDED) -> dict[str, pl.LazyFrame]:
    """Return the logs of the lake in `folder`/lake and the facts up to the end of the window."""
    request.step("facts")
    return Materializer(folder / "lake", folder, logs(), engine, request.context, guard=guard).tables()


def detect(
    request: Request,
    engine: Engine,
    tables: Tables,
    those: Sequence[Detector] | None = None,
    guard: FactGuard | None = None,
) -> Detection:
    """Run `those` detectors (default: all) over logs and facts, each on its own: one that fails is a problem.

    Those that are blind with the logs at hand do not run: the report says that they see nothing. Those that need a fact
    that failed under `guard` are left out; the problem of the fact names them.
    """
    guard = guard or FactGuard({})
    context, there = request.context, logs_there(tables, engine)
    wanted = [
        detector for detector in (detectors() if those is None else those) if detector.visibility(there) != "blind"
    ]
    chosen = [detector for detector in wanted if not guard.is_blind(detector)]
    own = engine.collect(tables["role"].filter("local").select("host")).to_series()
    result = Detection(problems=guard.problems(wanted), failed={d.id for d in wanted} - {d.id for d in chosen})

    def run(detector: Detector) -> tuple[pl.DataFrame, int]:
        began = time.perf_counter()
        params = request.settings.params(detector.id)
        rows = engine.collect(judge(detector, tables, params, context)).select(finding_schema(FINDING).names())
        rows = bounded_per_stranger(rows, own)
        trials = _trials(detector, tables, params, context, engine)
        _logger.debug("detector %s: %d findings in %.3f s", detector.id, len(rows), time.perf_counter() - began)
        return rows, trials

    with ThreadPoolExecutor(_DETECTORS_AT_ONCE, thread_name_prefix="detect") as pool:
        guarded = partial(_guarded, result.problems)
        ran = list(pool.map(lambda detector: guarded(detector.id, partial(run, detector)), chosen))
    made = [(detector, *rows) for detector, rows in zip(chosen, ran, strict=True) if rows is not None]
    result.failed |= {detector.id for detector, rows in zip(chosen, ran, strict=True) if rows is None}
    result.hosts = _hosts_named([rows for _, rows, _ in made], tables, engine, context.site.geo)
    for detector, rows, trials in made:
        worded = partial(findings_of, detector, rows, result.hosts, there)
        findings = _guarded(result.problems, detector.id, worded)
        result.findings += findings or []
        result.failed |= {detector.id} if findings is None else set()
        result.actors |= root_actors(detector, rows)
        result.trials += trials
    return result


def _guarded(problems: list[Problem], name: str, make: Callable[[], T]) -> T | None:
    """Return what is made, or note that it failed: one unit must not cost the report of all others."""
    try:
        return make()
    except (Exception, pl.exceptions.PanicException) as error:
        _logger.exception("%s failed", name)
        problems.append(Problem(where=name, what=f"failed: {type(error).__name__}; {TRACEBACK}"))
        return None


def logs_there(tables: Tables, engine: Engine) -> frozenset[str]:
    """Name the logs that have rows."""
    counts = [tables[name].select(pl.len()) for name in logs()]
    numbers = engine.collect(pl.concat(counts)).to_series()
    return frozenset(name for name, number in zip(logs(), numbers, strict=True) if number)


def _hosts_named(each: Sequence[pl.DataFrame], tables: Tables, engine: Engine, geo: Geo | None) -> Hosts:
    """Look up the role of every host that a finding names."""
    named = [rows[side].explode() for rows in each for side in ("clients", "servers")]
    addresses = pl.concat([pl.Series(dtype=pl.String), *named]).drop_nulls().unique()
    known = tables["role"].filter(pl.col("host").is_in(addresses.implode()))
    return Hosts(engine.collect(known.select("host", "role", "local")).iter_rows(), geo)


def _trials(detector: Detector, tables: Tables, params: Params, context: Context, engine: Engine) -> int:
    if detector.trials is None:
        return 0
    return int(engine.collect(detector.trials(visible(detector, tables), params, context)).item() or 0)


def report_over(request: Request, engine: Engine, folder: Path, found: Found, records: list[FileRecord]) -> Report:
    """Judge the lake in `folder`/lake and give the report. What a large lake's facts take lies in `folder`, too.

    `found` and `records` are the files that this run read: `inputs`, `window` and `coverage` are made of them.
    """
    guard = guard_of(folder)
    return _report(request, engine, tables_of(request, engine, folder, guard), found, records, guard=guard)


def _report(
    request: Request, engine: Engine, tables: Tables, found: Found, records: list[FileRecord], *, guard: FactGuard
) -> Report:
    request.step("judging")
    with ThreadPoolExecutor(1, thread_name_prefix="sums") as pool:
        problems: list[Problem] = []
        part = partial(_guarded, problems)
        waiting = pool.submit(sums_of, tables, request.context, engine.collect, part)
        known = {detector.id: detector for detector in detectors()}
        sources = set(logs()) if request.complete else {record.source.log for record in records}
        visible = with_siblings(sources | logs_there(tables, engine))
        sighted = [detector for detector in known.values() if detector.visibility(visible) != "blind"]
        detection = detect(request, engine, tables, sighted, guard)
        found_once = without_replaced(detection.findings, known, request.settings.link_hours)
        found_once = without_repetition(found_once, known, detection.hosts, request.settings.link_hours)
        kept, suppressed = suppress(in_order(found_once), request.settings.suppress, datetime.now(UTC).date())
        behaviours = part("behaviours", lambda: behaviours_of(kept, tables, engine.collect)) or {}
        sums = waiting.result()
    inputs, notes = inputs_of(found, records), (*outside_window(records, request.window), *sums.notes)
    given = Correlation(known, detection.hosts, detection.actors, behaviours, request.settings.link_hours)
    correlated = correlate(kept, given, suppressed)
    _logger.info("%d findings in %d incidents", len(correlated.findings), len(correlated.incidents))
    findings, left = bounded(correlated.findings, request.settings.max_minor_findings)
    name_sources = NameSources(tables, engine.collect, request.settings.inventory, request.settings.geo)
    shown = correlated.incidents, findings

    def hardened() -> tuple[tuple[Incident, ...], tuple[Finding, ...]]:
        software = software_of(findings, tables, engine.collect)
        return Hardening(known, detection.hosts, software).hardened(*shown)

    incidents, findings = part("hardening", hardened) or shown
    compromising = {name for name, detector in known.items() if detector.compromises_credentials}
    report = Report(
        run=Run(version=__version__, generated=datetime.now(UTC), seconds=0),
        window=span_of(records, request.window),
        inputs=inputs,
        coverage=coverage_of(
            logs(),
            detectors(),
            sources,
            (*notes, *note_of(left)),
            unknown_site=sums.unknown_site,
            failed=detection.failed,
        ),
        posture=sums.posture,
        roles=sums.roles,
        credentials_to_change=credentials_of(correlated.separate, compromising, detection.hosts),
        volumes=sums.volumes,
        traffic=sums.traffic,
        changes=sums.changes,
        settings=UsedSettings(
            alpha=request.settings.alpha,
            false_discovery_rate=request.settings.false_discovery_rate,
            trials=detection.trials,
            suppressed=len(suppressed) + correlated.suppressed,
        ),
        findings=findings,
        incidents=incidents,
        hosts=part("hosts", lambda: names_of(_hosts_of(findings), name_sources)) or {},
        detectors=explanations({finding.detector for finding in findings}),
        errors=(*problems_of(inputs), *detection.problems, *sorted(problems, key=lambda problem: problem.where)),
    )
    return within_size(report)


def _hosts_of(findings: Iterable[Finding]) -> set[str]:
    return {host for finding in findings for host in (*finding.clients, *finding.servers)}


@dataclass(frozen=True, slots=True)
class Analysis:
    """A report, and the tables that it was made of."""

    request: Request
    report: Report
    tables: Tables
    engine: Engine

    def names_of(self, address: str) -> tuple[HostName, ...]:
        """Return the names of a host."""
        settings = self.request.settings
        sources = NameSources(self.tables, self.engine.collect, settings.inventory, settings.geo)
        return names_of([address], sources).get(address, ())


@contextmanager
def analysis(request: Request) -> Iterator[Analysis]:
    """Analyse the logs under `request.paths` in a private folder: the tables last as long as the block.

    Raises `NoInputError` if a path does not exist or holds no usable log.
    """
    with private_folder(request.settings.lake_dir) as folder, room(folder):
        yield _analysed(request, folder)


def run(request: Request) -> Report:
    """Make a report of the logs under `request.paths`; raises as `analysis` does."""
    with analysis(request) as made:
        return made.report


def export(request: Request, folder: Path) -> Report:
    """Like `run`, but leave lake/<log>/*.parquet, facts/<fact>.parquet and posture/<table>.parquet in `folder`."""
    began = time.perf_counter()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with room(folder):
        made = _analysed(request, folder)
        put_together(folder, made.tables, made.engine)
        legacy = {"legacy_auth": legacy_auth_rows(made.tables, request.context)}
        for name, plan in {**posture_tables(made.tables), **legacy}.items():
            made.engine.write(plan, folder / "posture" / f"{name}.parquet")
    return _timed(made.report, began)


def _analysed(request: Request, folder: Path) -> Analysis:
    began = time.perf_counter()
    (folder / "lake").mkdir(mode=0o700, exist_ok=True)
    engine = engine_named(request.engine).configured(request.settings)
    found, records = _read(request, engine, folder / "lake")
    guard = guard_of(folder)
    tables = tables_of(request, engine, folder, guard)
    report = _report(request, engine, tables, found, records, guard=guard)
    return Analysis(request, _timed(report, began), tables, engine)


def _timed(report: Report, began: float) -> Report:
    seconds = round(time.perf_counter() - began, 3)
    return report.model_copy(update={"run": report.run.model_copy(update={"seconds": seconds})})


def engine_named(name: str) -> Engine:
    """Return the engine that `--engine` names."""
    engine: Engine = registry.unit(zeeksmtp.engine, name, "ENGINE")
    return engine
