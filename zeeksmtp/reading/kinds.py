"""Which log a file holds: by what Zeek wrote into it, else by its columns, else by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

import zeeksmtp.logs
from zeeksmtp.model import Log
from zeeksmtp.model.connection import CONNECTION
from zeeksmtp.registry import discover

COMPRESSED: Final = (".gz", ".zst", ".bz2", ".xz", ".lz4", ".lz", ".Z", ".zip")
_NAME = re.compile(r"(?P<streamed>json_streaming_)?(?P<token>[a-z0-9]+(?:[_-][a-z]+)*)", re.IGNORECASE)
_VARIANT = re.compile(r"[_-](?:red|long)$")
_ALIASES: Final = {"@timestamp": "ts"}
_MIN_COLUMN_SHARE = (
    0.5  # more than this share of a log's own columns: else others come too near (software has weird's `name`)
)


@cache
def logs() -> Mapping[str, Log]:
    """Return every log that is read, by its Zeek path name."""
    return discover(zeeksmtp.logs, "LOG")


def canonical(field: str) -> str:
    """Return a column's name as Zeek has it by default: `id_orig_h` (other scope separator) is `id.orig_h`."""
    if field.startswith("id_"):
        return "id." + field[3:]
    return _ALIASES.get(field, field)


def stem(name: str) -> str:
    """Return a file name without its compression suffix: `conn.log` and `conn.log.gz` have the same."""
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return name


def token(name: str) -> str:
    """Return what a file name says its log is, without producer's decoration: `smtp_cmd`, `conn-summary`, `http`."""
    found = _NAME.match(stem(name))
    return found["token"].lower() if found else ""


def is_variant(name: str) -> bool:
    """Return whether a name is that of a second copy of a log: `json_streaming_conn.log`, `conn_red.log`."""
    found = _NAME.match(stem(name))
    return bool(found and (found["streamed"] or _VARIANT.search(found["token"].lower())))


def by_name(name: str) -> str | None:
    """Return the log that a file's or a `#path`'s name stands for, if it is one that is read."""
    plain = _VARIANT.sub("", token(name))
    return plain if plain in logs() else None


def by_fields(fields: Iterable[str]) -> str | None:
    """Return the log whose own columns these are for the most part; `None` if no log or several fit."""
    present = {canonical(field) for field in fields}
    shared = {column.name for column in CONNECTION}
    scores = {}
    for name, log in logs().items():
        own = {column.name for column in log.columns} - shared
        scores[name] = len(own & present) / len(own)
    best = max(scores.values())
    fits = [name for name, score in scores.items() if score == best]
    return fits[0] if best > _MIN_COLUMN_SHARE and len(fits) == 1 else None


def by_path(path: str, fields: Iterable[str]) -> str | None:
    """Return the log that `#path` or `_path` names. Site-made paths (`conn_dmz`) count by their columns."""
    return (by_name(path) if path == token(path) else None) or by_fields(fields)
