"""The part of a pass that costs: files are read, the lake is judged, and the state says what counts from now on."""

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
from zeeksmtp.cron import changes, lake, rules, telling
from zeeksmtp.cron._asked import Asked, Ended, Pass
from zeeksmtp.cron._look import Look
from zeeksmtp.cron.changes import Change
from zeeksmtp.cron.recall import Recall
from zeeksmtp.cron.survey import Fingerprints
from zeeksmtp.cron.taking import Haul, take
from zeeksmtp.engine._room import room
from zeeksmtp.errors import NoInputError
from zeeksmtp.ingest import FileRecord
from zeeksmtp.logs._discover import Found, KindOf, PassedOver, Source, find
from zeeksmtp.logs._kinds import logs
from zeeksmtp.logs._sniff import Kind, sniff
from zeeksmtp.model import Report
from zeeksmtp.report.inputs import inputs_of
from zeeksmtp.state import findings, ledger
from zeeksmtp.state.ledger import File, LivePart
from zeeksmtp.state.store import Store, note, told


@dataclass(frozen=True, slots=True)
class _Memory:
    """What the state says before the pass; `errors` are those of the pass before."""

    files: dict[Path, File]
    live: list[LivePart]
    logs: set[str]
    prints: Fingerprints
    errors: frozenset[str]
    recall: Recall


@dataclass(frozen=True, slots=True)
class _Read:
    """What the log folder holds, what was taken of it, and what files were seen to be."""

    seen: Look
    found: Found
    haul: Haul
    kinds: dict[Path, Kind]

    @property
    def errors(self) -> frozenset[str]:
        """Give what makes the pass degraded, as far as it is about files."""
        passed = [f"{passed.path}: {passed.why}" for passed in self.found.passed_over if passed.unreadable]
        return frozenset([*passed, *(f"{r.source.path}: {r.problem}" for r in self.haul.records if r.problem)])


def judge(asked: Asked, store: Store, known: dict[Path, File], seen: Look, *, same_rules: bool) -> Ended:
    """Take what has changed, judge the lake if that gives reason to, and commit. `known` files are the state's."""
    engine = pipeline.engine_named(asked.engine).configured(asked.settings)
    work = Pass(asked, engine, datetime.fromtimestamp(asked.clock(), UTC))
    with store.reading() as connection:
        memory = _remembered(connection, work, known, same_rules=same_rules)
    with room(asked.state_dir):
        read = _read(work, memory, seen)
    with store.reading() as connection:
        places = {changes.place_of(taken.source.path) for taken in read.haul.taken if taken.rewritten}
        older = {place: ledger.parts_from(connection, place) for place in places}
    with room(asked.state_dir):
        change = changes.of(work, read.haul, memory.live, older)
    report = None
    if change.made or read.errors - memory.errors or (memory.live and not same_rules):
        report = _report(work, memory, read, change)
    with store.transaction() as connection:
        _remember(connection, read, change)
        return _ended(connection, work, memory, read, report)


def _remembered(connection: Connection, work: Pass, files: dict[Path, File], *, same_rules: bool) -> _Memory:
    back = telling.back(connection, work.now.date())
    return _Memory(
        files=files,
        live=ledger.parts(connection),
        logs=ledger.logs_seen(connection),
        prints=Fingerprints(told(connection, "salt") or "", ledger.contents(connection)),
        errors=frozenset(json.loads(ledger.last_errors(connection))),
        recall=Recall(findings.made_of(connection), findings.hidden(connection), back, same_rules=same_rules),
    )


def _read(work: Pass, memory: _Memory, seen: Look) -> _Read:
    kinds: dict[Path, Kind] = {}

    def kind_of(path: Path, status: stat_result) -> Kind:
        kinds[path] = _recalled(memory.files.get(path), status) or sniff(path)
        return kinds[path]

    found = _found(work.asked.log_dir, memory, kind_of)
    due = [source for source in found.sources if _is_due(source, memory, seen)]
    with pipeline.units_beside({source.log for source in due}):
        haul = take(work, due, seen.there, memory.prints)
    waits = f"changed less than {work.asked.settings.settle_seconds} s ago: left for a later pass"
    left = [PassedOver(source.path, waits) for source in found.sources if source.path in seen.unsettled]
    left += [PassedOver(path, why) for path, why in haul.left.items()]
    left += [PassedOver(path, why, unreadable=True) for path, why in haul.unreadable.items()]
    return _Read(seen, Found(found.sources, (*found.passed_over, *left)), haul, kinds)


def _found(log_dir: Path, memory: _Memory, kind_of: KindOf) -> Found:
    try:
        return find([log_dir], kind_of)
    except NoInputError:
        if not memory.live:
            raise
        return Found((), ())  # the logs were moved away: what was taken of them still counts


def _recalled(file: File | None, status: stat_result) -> Kind | None:
    """Give what a file was seen to be, if it has not changed since."""
    if file is None or not file.sniffed or (file.size, file.mtime_ns) != (status.st_size, status.st_mtime_ns):
        return None
    return Kind(log=file.log, format="json" if file.format == "json" else "tsv", why=file.why)


def _is_due(source: Source, memory: _Memory, seen: Look) -> bool:
    """Tell whether a log has to be read: it has changed, or was never taken (it stood back behind another file)."""
    if source.path not in seen.there or source.path in seen.unsettled:
        return False
    file = memory.files.get(source.path)
    return source.path in seen.changed or file is None or file.content is None


def _report(work: Pass, memory: _Memory, read: _Read, change: Change) -> Report:
    """Judge the whole lake. The report's inputs are the files of this pass; its window and logs those of the lake."""
    began, asked, records = time.perf_counter(), work.asked, read.haul.records
    with lake.workshop(asked.state_dir) as folder, room(asked.state_dir):
        lake.lay_out(folder, work.lake, change.live, logs())
        request = pipeline.Request((asked.log_dir,), asked.settings, engine=asked.engine, choose=memory.recall.choose)
        kept = _kept(work.lake, memory.logs, change.live)
        report = pipeline.report_over(request, work.engine, folder, read.found, [*kept, *records])
    seconds = round(time.perf_counter() - began, 3)
    run = report.run.model_copy(update={"seconds": seconds})
    return report.model_copy(update={"inputs": inputs_of(read.found, records), "run": run})


def _kept(folder: Path, seen: set[str], live: Collection[LivePart]) -> list[FileRecord]:
    """Give a record for each log that the lake has or had a file of."""
    records = []
    for log in sorted(seen | {part.log for part in live}):
        parts = [part for part in live if part.log == log]
        first, last = min((p.first for p in parts), default=None), max((p.last for p in parts), default=None)
        source = Source(folder / log, log, "tsv", 0)
        records.append(FileRecord(source, 0, 0, 0, first, last, problem=None, note=None, part=None, rejects=()))
    return records


def _remember(connection: Connection, read: _Read, change: Change) -> None:
    change.remember(connection)
    contents = {taken.source.path: ledger.keep_content(connection, taken.content) for taken in read.haul.taken}
    files = [_file(path, read.seen.there[path], read, contents.get(path)) for path in _settled(read)]
    ledger.keep_files(connection, files, set(read.seen.there))
    grown = [taken.outgrown.id for taken in read.haul.taken if taken.outgrown is not None]
    ledger.forget_outgrown(connection, grown)
    ledger.prune(connection)


def _settled(read: _Read) -> set[Path]:
    """Give the files that need no second look while they stay as they are."""
    again = {*read.haul.left, *read.haul.unreadable}
    again |= {passed.path for passed in read.found.passed_over if passed.unreadable}
    return ({*read.seen.changed} | {taken.source.path for taken in read.haul.taken}) - again


def _file(path: Path, status: stat_result, read: _Read, content: int | None) -> File:
    kind = read.kinds.get(path)
    if kind is None or (kind.log is not None and content is None):
        why = next((passed.why for passed in read.found.passed_over if passed.path == path), "not a log that is read")
        return File(path, status.st_size, status.st_mtime_ns, why=why)
    return File(path, status.st_size, status.st_mtime_ns, kind.log, kind.format, kind.why, True, content)


def _ended(connection: Connection, work: Pass, memory: _Memory, read: _Read, report: Report | None) -> Ended:
    haul = read.haul
    errors = read.errors if report is None else {f"{problem.where}: {problem.what}" for problem in report.errors}
    rows = sum(record.kept for record in haul.records)
    number = ledger.keep_pass(connection, work.now, len(haul.files), rows, json.dumps(sorted(errors)))
    left = len(read.seen.unsettled) + len(haul.left)
    note(connection, "judged_with", rules.digest(work.asked.settings))
    if report is None:
        return Ended(files=haul.files, left=left, degraded=bool(errors))
    new_errors = bool(errors - memory.errors)
    first = not memory.live
    shown = telling.remember(connection, work, number, report, memory.recall, first=first, new_errors=new_errors)
    return Ended(shown.report, shown.parcel, haul.files, left, degraded=bool(errors))
