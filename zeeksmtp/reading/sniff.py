"""What a file is, by its first lines, and if these do not say, by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from zeeksmtp.reading.header import Header, heads_rows
from zeeksmtp.reading.kinds import by_fields, by_name, by_path, canonical, token
from zeeksmtp.reading.line_blocks import Lines
from zeeksmtp.reading.scan import decoded

_HEAD: Final = 1 << 16
_LOOKED_AT: Final = 100  # lines of JSON, each of which may lack some keys
_NAMED: Final = 5
_LONGEST_NAME: Final = 40
_PATH = re.compile(r'"_path"\s*:\s*"([^"]*)"')
_KEY = re.compile(r'"([^"\\]{1,64})"\s*:')
_NOT_LOGS: Final = {
    "conn-summary": "a summary of conn.log, not a log",
    "stdout": "what Zeek printed, not a log",
    "stderr": "what Zeek printed, not a log",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file was taken for, or `why` it is none of the logs that are read."""

    log: str | None = None
    format: Literal["tsv", "json"] = "tsv"
    why: str | None = None
    unreadable: bool = False


def sniff(path: Path) -> Kind:
    """Return what a file is. Reads its first 64 KiB at most; never raises for what it finds."""
    lines = Lines(path)
    head = lines.head(_HEAD)
    if not head:
        return _nothing(path, lines.problem)
    kind = _of_text(decoded(head))
    return kind if kind.log or kind.why else _named(path, kind.format)


def sniff_stream(path: Path) -> Kind:
    """Return what a stream of several logs holds: as `sniff`, but if its first log is not read, the next that is."""
    kind = sniff(path)
    if kind.log or kind.unreadable:
        return kind
    kinds = (_of_text(decoded(block.data)) for block in Lines(path))
    return next((known for known in kinds if known.log), kind)


def _of_text(text: str) -> Kind:
    text = text.lstrip("\0\r\n")
    return _json(text) if text.startswith("{") else _tsv(text)


def _nothing(path: Path, problem: str | None) -> Kind:
    log = by_name(path.name)
    if problem is not None:
        return Kind(why=problem, unreadable=log is not None)
    return Kind(log=log, why=None if log else "empty")


def _named(path: Path, form: Literal["tsv", "json"]) -> Kind:
    """Trust the name: the content is damaged, or says nothing of its kind."""
    log = by_name(path.name)
    if log is not None:
        return Kind(log=log, format=form)
    return Kind(
        why=_NOT_LOGS.get(
            token(path.name), "no Zeek log: neither a Zeek header nor lines of JSON with a known log's keys"
        )
    )


def _json(text: str) -> Kind:
    paths = dict.fromkeys(_PATH.findall(text))
    keys = _keys(text.split("\n")[:_LOOKED_AT])
    known = [log for path in paths if (log := by_path(path, keys if len(paths) == 1 else ()))]
    if known:
        return Kind(log=known[0], format="json")
    if paths:
        return Kind(why=_other(paths))
    return Kind(log=by_fields(keys), format="json")


def _other(paths: Iterable[str]) -> str:
    named = [path[:_LONGEST_NAME] for path in dict.fromkeys(paths)]
    more = ", …" if len(named) > _NAMED else ""
    return f"{', '.join(named[:_NAMED])}{more}: not a log that is read"


def _keys(lines: Sequence[str]) -> set[str]:
    """Return the keys of objects; of one that is cut or broken, what looks like keys."""
    keys: set[str] = set()
    for line in lines:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            keys.update(_KEY.findall(line))
            continue
        if isinstance(found, dict):
            keys.update(found)
            if isinstance(nested := found.get("id"), dict):
                keys.update(f"id.{key}" for key in nested)
    return keys


def _tsv(text: str) -> Kind:
    header = Header(None)
    first, paths = text.split("\n", 1)[0].rstrip("\r"), []
    if heads_rows(first):
        return Kind(log=by_fields(map(canonical, first.split("\t"))))
    for line in text.split("\n"):
        if line.startswith("#"):
            header = header.with_line(line.rstrip("\r"))
            if header.log is not None:
                return Kind(log=header.log)
            paths += [header.path] if header.path else []
    if header.fields and header.path is None:
        return Kind(log=by_fields(header.fields))
    if paths and not header.fields:
        return Kind(log=by_path(paths[-1], ()))  # without its columns: that it is broken will be said when it is read
    if paths:
        return Kind(why=_other(paths))
    return Kind()


def columns_of(path: Path) -> frozenset[str]:
    """Return the columns that the first header of a TSV file names; none if there is none in its first 64 KiB."""
    header = Header(None)
    for line in decoded(Lines(path).head(_HEAD)).split("\n"):
        if line.startswith("#"):
            header = header.with_line(line.rstrip("\r"))
        elif header.fields or not heads_rows(line.rstrip("\r")):
            break
        else:
            header = header.with_fields(line.rstrip("\r"))
    return frozenset(header.fields)
