"""Lines that no pass has ingested yet become parts of the lake; nothing of it counts before the state says so."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from zeeksmtp.cron.fingerprint import FileContent, Fingerprints
from zeeksmtp.cron.request import PassContext
from zeeksmtp.ingest import FileRecord, every_record
from zeeksmtp.reading.discover import Source
from zeeksmtp.state.ledger import Content

_UNFINISHED = "its last line is not finished: left for a later pass"
_REPLACED = "it was moved or rewritten while it was read: left for the next pass"


@dataclass(frozen=True, slots=True)
class IngestedFile:
    """A file after the pass has dealt with it.

    `content` is what of it counts now, `outgrown` the known beginning that it replaces, `records` where its new lines
    went (none, if there were none).
    """

    source: Source
    status: os.stat_result
    content: Content
    outgrown: Content | None = None
    records: tuple[FileRecord, ...] = ()

    @property
    def rewritten(self) -> bool:
        """Whether its lines were ingested from the first on, so that some may be known from an earlier content."""
        return bool(self.records) and self.outgrown is None


@dataclass(slots=True)
class IngestResult:
    """What a pass ingested, and the files that it deferred or could not read, each with the reason."""

    ingested: list[IngestedFile] = field(default_factory=list)
    deferred: dict[Path, str] = field(default_factory=dict)
    unreadable: dict[Path, str] = field(default_factory=dict)

    @property
    def records(self) -> list[FileRecord]:
        """All records of new lines."""
        return [record for file in self.ingested for record in file.records]

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that had new lines."""
        return tuple(file.source.path for file in self.ingested if file.records)


def ingest(
    context: PassContext,
    sources: Sequence[Source],
    statuses: Mapping[Path, os.stat_result],
    fingerprints: Fingerprints,
) -> IngestResult:
    """Ingest the new lines of `sources` into the lake; `statuses` are from before they were read."""
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="fingerprint") as pool:
        contents = list(pool.map(fingerprints.identify, sources))
    result = IngestResult()
    changed = _with_new_lines(list(zip(sources, contents, strict=True)), statuses, result)
    slices = [_new_lines(source, content) for source, content in changed]
    if context.request.started is not None:
        context.request.started(slices)
    records = context.engine.ingest(slices, context.lake, context.request.progress)
    for (source, content), record in zip(changed, records, strict=True):
        _accept(source, content, record, statuses[source.path], result)
    return result


def _with_new_lines(
    files: list[tuple[Source, FileContent]], statuses: Mapping[Path, os.stat_result], result: IngestResult
) -> list[tuple[Source, FileContent]]:
    """Return the files that have new lines, each content once; the others are known without being read again."""
    changed: list[tuple[Source, FileContent]] = []
    seen: set[tuple[int, int, bytes]] = set()
    for source, file in files:
        content = file.content
        key = (content.size, content.lines, content.fingerprint)
        whole = file.known is not None and file.known.lines == content.lines
        if file.problem is not None and not content.lines:
            _note_unread(source, file, result)
        elif whole or key in seen:
            result.ingested.append(IngestedFile(source, statuses[source.path], content))
        else:
            seen.add(key)
            changed.append((source, file))
    return changed


def _note_unread(source: Source, file: FileContent, result: IngestResult) -> None:
    """A file that was renamed or removed since is no problem: its lines come under its new name, or never."""
    if source.path.exists():
        result.unreadable[source.path] = file.problem or ""
    else:
        result.deferred[source.path] = "gone since the pass began"


def _new_lines(source: Source, file: FileContent) -> Source:
    return replace(source, start=0 if file.known is None else file.known.lines, end=file.content.lines)


def _accept(
    source: Source, file: FileContent, record: FileRecord, before: os.stat_result, result: IngestResult
) -> None:
    """Let the rows of a file count, if it is still the one whose content was identified."""
    if not _unchanged(source.path, before):
        result.deferred[source.path] = _REPLACED
        return
    note = "; ".join(filter(None, (None if file.known else record.note, _UNFINISHED if file.unfinished else None)))
    first = replace(record, source=source, problem=record.problem or file.problem, note=note or None)
    records = tuple(every_record([first]))
    result.ingested.append(IngestedFile(source, before, file.content, file.known, records))


def _unchanged(path: Path, before: os.stat_result) -> bool:
    """Return whether a file is the one it was, grown at most."""
    try:
        now = path.stat()
    except OSError:
        return False
    same = (now.st_dev, now.st_ino) == (before.st_dev, before.st_ino)
    untouched = (now.st_size, now.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    return same and (untouched or now.st_size > before.st_size)
