"""The part of a pass that costs: files are read, detectors run over the lake, and the state says what counts now."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from os import stat_result
from pathlib import Path

from sqlalchemy import Connection

from zeeksmtp import pipeline
from zeeksmtp.cron import lake, rules
from zeeksmtp.cron._snapshot import Snapshot
from zeeksmtp.cron.fingerprint import Fingerprints
from zeeksmtp.cron.ingesting import IngestResult, ingest
from zeeksmtp.cron.lake_update import LakeUpdate, place_of, update_lake
from zeeksmtp.cron.recording import record
from zeeksmtp.cron.request import PassContext, PassRequest, PassResult
from zeeksmtp.cron.work_folder import work_folder
from zeeksmtp.disk_room import room
from zeeksmtp.errors import NoInputError
from zeeksmtp.ingest import FileRecord
from zeeksmtp.model import Report
from zeeksmtp.preload import units_beside
from zeeksmtp.reading.discover import Found, KindOf, PassedOver, Source, find
from zeeksmtp.reading.kinds import logs
from zeeksmtp.reading.sniff import Kind, sniff
from zeeksmtp.report.inputs import inputs_of
from zeeksmtp.state import ledger
from zeeksmtp.state.ledger import KnownFile, LivePart
from zeeksmtp.state.store import Store, get_meta, set_meta
from zeeksmtp.state.totals import add_rejected_rows, save_sessions


@dataclass(frozen=True, slots=True)
class _PriorState:
    """The state before the pass; `errors` are those of the pass before."""

    files: dict[Path, KnownFile]
    live: list[LivePart]
    logs: set[str]
    fingerprints: Fingerprints
    errors: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the log folder has, what was ingested of it, and what kinds of files were detected."""

    snapshot: Snapshot
    found: Found
    result: IngestResult
    kinds: dict[Path, Kind]

    @property
    def errors(self) -> frozenset[str]:
        """What makes the pass degraded, as far as it is about files."""
        passed = [f"{passed.path}: {passed.why}" for passed in self.found.passed_over if passed.unreadable]
        return frozenset([*passed, *(f"{r.source.path}: {r.problem}" for r in self.result.records if r.problem)])


def run_pass(
    request: PassRequest, store: Store, known: dict[Path, KnownFile], snapshot: Snapshot, *, same_rules: bool
) -> PassResult:
    """Ingest what has changed, run the detectors if there is reason to, and commit.

    `known` files are those of the state. `same_rules`: settings and version are those of the pass before.
    """
    engine = pipeline.engine_named(request.engine).configured(request.settings)
    context = PassContext(request, engine, datetime.fromtimestamp(request.clock(), UTC))
    with store.transaction() as connection:
        before = _load_prior_state(connection, known)
    with room(request.state_dir):
        reading = _read(context, before, snapshot)
    with store.transaction() as connection:
        places = {place_of(file.source.path) for file in reading.result.ingested if file.rewritten}
        older = {place: ledger.parts_from(connection, place) for place in places}
    with room(request.state_dir):
        update = update_lake(context, reading.result, before.live, older)
    report = None
    if update.added or reading.errors - before.errors or (before.live and not same_rules):
        report = _report(context, before, reading, update)
    with store.transaction() as connection:
        _save(connection, reading, update)
        return _result(connection, context, before, reading, report)


def _load_prior_state(connection: Connection, files: dict[Path, KnownFile]) -> _PriorState:
    return _PriorState(
        files=files,
        live=ledger.parts(connection),
        logs=ledger.logs_seen(connection),
        fingerprints=Fingerprints(get_meta(connection, "salt") or "", ledger.contents(connection)),
        errors=frozenset(json.loads(ledger.last_errors(connection))),
    )


def _read(context: PassContext, before: _PriorState, snapshot: Snapshot) -> _Reading:
    kinds: dict[Path, Kind] = {}

    def kind_of(path: Path, status: stat_result) -> Kind:
        kinds[path] = _known_kind(before.files.get(path), status) or sniff(path)
        return kinds[path]

    found = _found(context.request, before, kind_of)
    due = [source for source in found.sources if _is_due(source, before, snapshot)]
    with units_beside({source.log for source in due}):
        result = ingest(context, due, snapshot.files, before.fingerprints)
    waits = f"changed less than {context.request.settings.settle_seconds} s ago: left for a later pass"
    left = [PassedOver(source.path, waits) for source in found.sources if source.path in snapshot.unsettled]
    left += [PassedOver(path, why) for path, why in result.deferred.items()]
    left += [PassedOver(path, why, unreadable=True) for path, why in result.unreadable.items()]
    return _Reading(snapshot, Found(found.sources, (*found.passed_over, *left)), result, kinds)


def _found(request: PassRequest, before: _PriorState, kind_of: KindOf) -> Found:
    try:
        return find([request.log_dir], kind_of, request.settings.max_unpacked_gib)
    except NoInputError:
        if not before.live:
            raise
        return Found((), ())  # the logs were moved away: what was ingested of them still counts


def _known_kind(file: KnownFile | None, status: stat_result) -> Kind | None:
    """Return the detected kind of a file that has not changed since."""
    if file is None or not file.sniffed or (file.size, file.mtime_ns) != (status.st_size, status.st_mtime_ns):
        return None
    return Kind(log=file.log, format="json" if file.format == "json" else "tsv", why=file.why)


def _is_due(source: Source, before: _PriorState, snapshot: Snapshot) -> bool:
    """Return whether a log has to be read: it has changed, or was never ingested (another file was read instead)."""
    if source.path not in snapshot.files or source.path in snapshot.unsettled:
        return False
    file = before.files.get(source.path)
    return source.path in snapshot.changed or file is None or file.content is None


def _report(context: PassContext, before: _PriorState, reading: _Reading, update: LakeUpdate) -> Report:
    """Run the detectors over the whole lake.

    The report's inputs are the files of this pass; its window and logs are those of the lake.
    """
    began, records = time.perf_counter(), reading.result.records
    report = _detect(context, before, reading, update)
    seconds = round(time.perf_counter() - began, 3)
    run = report.run.model_copy(update={"seconds": seconds})
    return report.model_copy(update={"inputs": inputs_of(reading.found, records), "run": run})


def _detect(context: PassContext, before: _PriorState, reading: _Reading, update: LakeUpdate) -> Report:
    request = context.request
    with work_folder(request.state_dir) as folder, room(request.state_dir):
        lake.link_parts(folder, context.lake, update.live, logs())
        detection = pipeline.Request((request.log_dir,), request.settings, engine=request.engine, step=request.step)
        whole = _lake_records(context.lake, before.logs, update.live)
        return pipeline.report_over(detection, context.engine, folder, reading.found, [*whole, *reading.result.records])


def _lake_records(folder: Path, seen: set[str], live: Collection[LivePart]) -> list[FileRecord]:
    """Return a record for each log of which the lake has rows or had a file."""
    records = []
    for log in sorted(seen | {part.log for part in live}):
        parts = [part for part in live if part.log == log]
        first, last = min((p.first for p in parts), default=None), max((p.last for p in parts), default=None)
        source = Source(folder / log, log, "tsv", 0)
        records.append(FileRecord(source, 0, 0, 0, first, last, problem=None, note=None, part=None, rejects=()))
    return records


def _save(connection: Connection, reading: _Reading, update: LakeUpdate) -> None:
    update.save(connection)
    ingested = reading.result.ingested
    contents = {file.source.path: ledger.save_content(connection, file.content) for file in ingested}
    files = [_known_file(path, reading, contents.get(path)) for path in _finished(reading)]
    ledger.save_files(connection, files, set(reading.snapshot.files))
    ledger.forget_outgrown(connection, [file.outgrown.id for file in ingested if file.outgrown is not None])
    ledger.prune(connection)


def _finished(reading: _Reading) -> set[Path]:
    """Return the files that need not be read again while they stay as they are."""
    again = {*reading.result.deferred, *reading.result.unreadable}
    again |= {passed.path for passed in reading.found.passed_over if passed.unreadable}
    return ({*reading.snapshot.changed} | {file.source.path for file in reading.result.ingested}) - again


def _known_file(path: Path, reading: _Reading, content: int | None) -> KnownFile:
    status, kind = reading.snapshot.files[path], reading.kinds.get(path)
    if kind is None or (kind.log is not None and content is None):
        why = next((p.why for p in reading.found.passed_over if p.path == path), "not a log that is used")
        return KnownFile(path, status.st_size, status.st_mtime_ns, why=why)
    return KnownFile(path, status.st_size, status.st_mtime_ns, kind.log, kind.format, kind.why, True, content)


def _result(
    connection: Connection, context: PassContext, before: _PriorState, reading: _Reading, report: Report | None
) -> PassResult:
    result = reading.result
    errors = reading.errors if report is None else {f"{problem.where}: {problem.what}" for problem in report.errors}
    rows = sum(record.kept for record in result.records)
    number = ledger.add_pass(connection, context.now, len(result.files), rows, json.dumps(sorted(errors)))
    add_rejected_rows(connection, sum(record.rejected for record in result.records))
    deferred = len(reading.snapshot.unsettled) + len(result.deferred)
    set_meta(connection, "settings_digest", rules.settings_digest(context.request.settings))
    if report is None:
        return PassResult(files=result.files, rows=rows, deferred=deferred, degraded=bool(errors))
    save_sessions(connection, report)
    empty, new_errors = not before.live, bool(errors - before.errors)
    recorded = record(connection, context, number, report, empty_lake=empty, new_errors=new_errors)
    return PassResult(recorded.report, recorded.envelope, result.files, rows, deferred, degraded=bool(errors))
