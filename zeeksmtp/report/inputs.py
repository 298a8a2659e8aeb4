"""Where every file and line went, and what cannot be seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import overload

from zeeksmtp.ingest import FileRecord
from zeeksmtp.model import Coverage, Detector, InputFile, Inputs, Log, Problem, Span, Totals, Window
from zeeksmtp.reading.discover import Found

_OF_THE_PACKAGE = frozenset({"smtp_cmd", "smtp_auth", "smtp_session"})
"""Logs of our Zeek package. Zeek makes a log with its first line: one of them shows that the package is loaded."""

_RANK = {"blind": 0, "inferred": 1, "observed": 2}


def inputs_of(found: Found, records: Sequence[FileRecord]) -> Inputs:
    """Account for every file: what was read, and what was passed by and why."""
    read = [
        InputFile(
            path=_text(str(r.source.path)),
            log=r.source.log,
            format=r.source.format,
            kept=r.kept,
            skipped=r.skipped,
            rejected=r.rejected,
            first=r.first,
            last=r.last,
            problem=_text(r.problem),
            note=_text(r.note),
        )
        for r in records
    ]
    passed = [
        InputFile(
            path=_text(str(p.path)),
            log=None,
            format=None,
            problem=_text(p.why) if p.unreadable else None,
            note=None if p.unreadable else _text(p.why),
        )
        for p in found.passed_over
    ]
    sums = {name: sum(getattr(r, name) for r in records) for name in ("kept", "skipped", "rejected")}
    totals = Totals(files=len(read), lines=sum(sums.values()), **sums)
    return Inputs(files=tuple(sorted(read + passed, key=lambda file: (file.path, file.log or ""))), totals=totals)


@overload
def _text(text: str) -> str: ...
@overload
def _text(text: str | None) -> str | None: ...
def _text(text: str | None) -> str | None:
    """Show the bytes of a file's name that are no UTF-8 as `\\xHH`: no text of the report could hold them."""
    return text and text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def problems_of(inputs: Inputs) -> list[Problem]:
    """Return what went wrong with files, for `errors`."""
    return [Problem(where=file.path, what=file.problem) for file in inputs.files if file.problem]


def span_of(records: Sequence[FileRecord], window: Window) -> Span | None:
    """Return first and last `ts` of the rows that were judged; `None` if no row lies in the window."""
    firsts = [r.first for r in records if r.first is not None]
    lasts = [r.last for r in records if r.last is not None]
    if not firsts or not lasts:
        return None
    first, last = _later(min(firsts), window.since), _earlier(max(lasts), window.until)
    return Span(first=first, last=last) if first <= last else None


def outside_window(records: Sequence[FileRecord], window: Window) -> list[str]:
    """Say so if logs were read, but none of their rows lies in the window."""
    lasts = [r.last for r in records if r.last is not None]
    firsts = [r.first for r in records if r.first is not None]
    if not lasts or span_of(records, window) is not None:
        return []
    return [
        "no row of the logs lies between --since and --until: "
        f"they reach from {min(firsts):%Y-%m-%d %H:%M} to {max(lasts):%Y-%m-%d %H:%M} UTC"
    ]


def _later(moment: datetime, bound: datetime | None) -> datetime:
    return moment if bound is None else max(moment, bound)


def _earlier(moment: datetime, bound: datetime | None) -> datetime:
    return moment if bound is None else min(moment, bound)


def with_siblings(present: set[str]) -> set[str]:
    """Add the logs of the Zeek package that had nothing to log, as far as can be known: some of them are there."""
    return present | _OF_THE_PACKAGE if present & _OF_THE_PACKAGE else present


def _missing(log: Log, detectors: Sequence[Detector], present: set[str]) -> str:
    """Say what the absence of a log hides; or, where its siblings are there, that nothing may have happened."""
    if log.name in with_siblings(present):
        return f"{log.name}.log is missing though its siblings are there: no such line, or left out"
    known = with_siblings(present)
    blind = [d.id for d in detectors if d.visibility(known) == "blind" and d.visibility(known | {log.name}) != "blind"]
    hidden = f" (blind: {', '.join(blind)})" if blind else ""
    return f"{log.unseen}: {log.name}.log is missing{hidden}"


def coverage_of(
    logs: Mapping[str, Log],
    detectors: Sequence[Detector],
    present: set[str],
    notes: Sequence[str],
    *,
    unknown_site: str | None = None,
    failed: Collection[str] = (),
) -> Coverage:
    """Say which logs were there, what cannot be seen without the others, and which detectors are blind or `failed`."""
    missing = [_missing(log, detectors, present) for name, log in logs.items() if name not in present]
    known = with_siblings(present)
    return Coverage(
        logs={name: name in present for name in logs},
        notes=(*missing, *notes),
        detectors={d.id: "failed" if d.id in failed else d.visibility(known) for d in detectors},
        gains=gains_of(logs, detectors, known),
        unknown_site=unknown_site,
    )


def gains_of(logs: Collection[str], detectors: Sequence[Detector], known: set[str]) -> dict[str, tuple[str, ...]]:
    """Return the detectors that would do better with each log that is missing, the package's three as `package`."""
    missing: dict[str, Collection[str]] = {name: {name} for name in logs if name not in known | _OF_THE_PACKAGE}
    missing |= {"package": _OF_THE_PACKAGE} if not known & _OF_THE_PACKAGE else {}
    better = {
        name: tuple(d.id for d in detectors if _RANK[d.visibility(known.union(more))] > _RANK[d.visibility(known)])
        for name, more in missing.items()
    }
    return {name: ids for name, ids in better.items() if ids}
