"""Our rows beside zat's reader, field by field, on every TSV fixture that zat survives.

What differs, and why:
- unset (`-`) is 0, False, a zero interval or one day after the epoch to zat: we keep it apart, as null;
- zat's times are local and naive: compared in UTC;
- zat leaves sets, vectors and escapes as they stand in the file: undone here with our own functions;
- zat keeps lines that do not concern SMTP, and arguments of AUTH: left out here;
- zat strips lines, and so loses empty last fields; it stops at the first `#close`; it reads only the first header, only
  tab-separated files and only UTF-8; a file without `#fields` makes it loop for ever: `NOT_FOR_ZAT`.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from zat.zeek_log_reader import ZeekLogReader

from tests.conftest import CAPTURES, ROOT
from tests.logs.reading import table
from zeeksmtp.dtypes import element_of
from zeeksmtp.model import SMTP_PORTS, Column
from zeeksmtp.reading.careful import Marks, tsv_value
from zeeksmtp.reading.kinds import by_name, logs

LOGS = ROOT / "fixtures" / "logs"
NOT_FOR_ZAT = {
    "smtp/plain_header.log": "no #fields: loops for ever",
    "smtp/no_fields.log": "no #fields: loops for ever",
    "smtp/empty.log": "no #fields: loops for ever",
    "smtp/separators.log": "not separated by tabs",
    "smtp/columns_change.log": "stops at the first #close",
    "smtp/crash_then_appended.log": "reads the second header as rows",
    "smtp/invalid_utf8.log": "not UTF-8",
    "smtp/bad_values.log": "gives broken rows as they are",
    "smtp/half_line.log": "gives the half line",
    "smtp/no_uid.log": "we refuse rows without uid",
    "smtp/crlf.log": "takes a CRLF blank line for a row",
}
CANDIDATES = sorted(
    [path for path in CAPTURES.glob("*/tsv/*.log") if by_name(path.name)]
    + [p for f in ("smtp", "conn") for p in (LOGS / f).glob("*.log") if ".json" not in p.name]
)
ZERO: dict[str, Any] = {
    "bool": False,
    "count": 0,
    "port": 0,
    "interval": timedelta(0),
    "time": datetime(1970, 1, 2, tzinfo=UTC).replace(tzinfo=None),
}


def zat_rows(path: Path) -> Iterator[dict[str, Any]]:
    with contextlib.redirect_stdout(io.StringIO()):
        yield from ZeekLogReader(str(path)).readrows()


def concerns(log: str, row: dict[str, Any]) -> bool:
    on_port = row["id.resp_p"] in SMTP_PORTS
    match log:
        case "conn":
            return on_port or "smtp" in row["service"]
        case "ssl":
            return on_port
        case "dns":
            host = row["query"].lower().split(".")[0]
            return row["qtype"] == 15 or (
                row["qtype"] in {1, 28} and any(word in host for word in ("mail", "smtp", "mx"))
            )
        case "weird":
            return on_port or "smtp" in row["name"]
    return True


def as_zat(column: Column, value: Any) -> Any:
    """Return our value as zat would."""
    if value is None:
        return ZERO.get(column.type, "-")
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def as_ours(column: Column, value: Any) -> Any:
    """Return zat's raw text in our form; the rest stays."""
    raw = column.type in {"string", "enum", "addr"} or element_of(column.type) is not None
    if not raw or value == "-":
        return value
    return tsv_value(value, column.type, Marks())


def relative(path: Path) -> str:
    return str(path.relative_to(LOGS)) if path.is_relative_to(LOGS) else str(path.relative_to(CAPTURES))


FILES = [path for path in CANDIDATES if relative(path) not in NOT_FOR_ZAT]


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_our_rows_are_zats(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    time.tzset()  # the shared fixture sets TZ=UTC
    log = by_name(path.name if path.is_relative_to(CAPTURES) else path.parent.name)
    assert log is not None
    theirs = [row for row in zat_rows(path) if concerns(log, row)]
    ours = table(path, tmp_path, log).to_dicts()
    assert len(ours) == len(theirs)
    for our, their in zip(ours, theirs, strict=True):
        for column in logs()[log].columns:
            if column.name not in their or column.name in logs()[log].redact():
                continue
            assert as_zat(column, our[column.name]) == as_ours(column, their[column.name]), column.name


def test_most_files_are_compared() -> None:
    assert len(CANDIDATES) - len(NOT_FOR_ZAT) == len(FILES) > 90
