"""Rows at both ends of what a time can be, in one lake: no hour grid overflows, and none is as long as the years."""

from __future__ import annotations

import time
from pathlib import Path

from tests.conftest import CAPTURES
from tests.fuzz.checks import outputs
from zeeksmtp.config import Settings
from zeeksmtp.model import View
from zeeksmtp.pipeline import Request, run
from zeeksmtp.reading.bounds import EARLIEST, latest_time

MAX_SECONDS = 20


def at(line: bytes, moment: float) -> bytes:
    """Return a TSV row at another time, or anything else as it is."""
    cells = line.split(b"\t")
    return line if line.startswith(b"#") or len(cells) < 3 else b"\t".join([b"%.6f" % moment, *cells[1:]])


def test_a_report_over_all_of_time(tmp_path: Path) -> None:
    ends = EARLIEST.timestamp(), latest_time().timestamp() - 60
    for path in (CAPTURES / "mixed_office_day" / "tsv").glob("*.log"):
        lines = path.read_bytes().split(b"\n")
        wild = [at(line, ends[number % 2]) for number, line in enumerate(lines[8:-2])]
        (tmp_path / path.name).write_bytes(b"\n".join([*lines[:-2], *wild, b""]))
    began = time.process_time()
    report = run(Request((tmp_path,), Settings(timezone="Europe/Berlin")))
    pages = [output.render(report, View(full=True)) for output in outputs().values()]
    assert report.errors == ()
    assert report.window is not None and report.window.first == EARLIEST
    assert all(pages) and max(map(len, pages)) < 5_000_000
    assert time.process_time() - began < MAX_SECONDS
