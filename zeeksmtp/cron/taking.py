"""Lines that no pass has had yet become parts of the lake; nothing of it counts before the state says so."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from zeeksmtp.cron._asked import Pass
from zeeksmtp.cron.survey import Fingerprints, Surveyed
from zeeksmtp.ingest import FileRecord, every_record
from zeeksmtp.logs._discover import Source
from zeeksmtp.state.ledger import Content

_AWAITED = "its last line is not finished: left for a later pass"
_MOVED = "it was moved or rewritten while it was read: left for the next pass"


@dataclass(frozen=True, slots=True)
class Taken:
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
        """Tell whether its lines were taken from the first on, so that some may be known from what was there before."""
        return bool(self.records) and self.outgrown is None


@dataclass(slots=True)
class Haul:
    """What a pass took, and the files that it left, each with the reason."""

    taken: list[Taken] = field(default_factory=list)
    left: dict[Path, str] = field(default_factory=dict)
    unreadable: dict[Path, str] = field(default_factory=dict)

    @property
    def records(self) -> list[FileRecord]:
        """Give all records of new lines."""
        return [record for taken in self.taken for record in taken.records]

    @property
    def files(self) -> tuple[Path, ...]:
        """Give the files that had new lines."""
        return tuple(taken.source.path for taken in self.taken if taken.records)


def take(work: Pass, sources: Sequence[Source], statuses: Mapping[Path, os.stat_result], prints: Fingerprints) -> Haul:
    """Take the new lines of `sources`, whose `statuses` were had before they were read, into the lake."""
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="survey") as pool:
        surveyed = list(pool.map(lambda source: prints.survey(source.path), sources))
    haul = Haul()
    wanted = _wanted(list(zip(sources, surveyed, strict=True)), statuses, haul)
    slices = [_new_lines(source, survey) for source, survey in wanted]
    if work.asked.started is not None:
        work.asked.started(slices)
    records = work.engine.ingest(slices, work.lake, work.asked.progress)
    for (source, survey), record in zip(wanted, records, strict=True):
        _settle(source, survey, record, statuses[source.path], haul)
    return haul


def _wanted(
    surveyed: list[tuple[Source, Surveyed]], statuses: Mapping[Path, os.stat_result], haul: Haul
) -> list[tuple[Source, Surveyed]]:
    """Give the files that have new lines, each content once; the others are known without being read again."""
    wanted: list[tuple[Source, Surveyed]] = []
    twins: set[tuple[int, int, bytes]] = set()
    for source, survey in surveyed:
        content = survey.content
        key = (content.size, content.lines, content.fingerprint)
        whole = survey.known is not None and survey.known.lines == content.lines
        if survey.problem is not None and not content.lines:
            _unread(source, survey, haul)
        elif whole or key in twins:
            haul.taken.append(Taken(source, statuses[source.path], content))
        else:
            twins.add(key)
            wanted.append((source, survey))
    return wanted


def _unread(source: Source, survey: Surveyed, haul: Haul) -> None:
    """A file that was renamed or removed since is no trouble: what it held comes under its new name, or never."""
    if source.path.exists():
        haul.unreadable[source.path] = survey.problem or ""
    else:
        haul.left[source.path] = "gone since the pass began"


def _new_lines(source: Source, survey: Surveyed) -> Source:
    return replace(source, start=0 if survey.known is None else survey.known.lines, end=survey.content.lines)


def _settle(source: Source, survey: Surveyed, record: FileRecord, before: os.stat_result, haul: Haul) -> None:
    """Let what was read count, if the file is still the one that was surveyed."""
    if not _still(source.path, before):
        haul.left[source.path] = _MOVED
        return
    note = "; ".join(filter(None, (None if survey.known else record.note, _AWAITED if survey.half else None)))
    first = replace(record, source=source, problem=record.problem or survey.problem, note=note or None)
    records = tuple(every_record([first]))
    haul.taken.append(Taken(source, before, survey.content, survey.known, records))


def _still(path: Path, before: os.stat_result) -> bool:
    """Tell whether a file is the one it was, grown at most."""
    try:
        now = path.stat()
    except OSError:
        return False
    same = (now.st_dev, now.st_ino) == (before.st_dev, before.st_ino)
    unchanged = (now.st_size, now.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    return same and (unchanged or now.st_size > before.st_size)
