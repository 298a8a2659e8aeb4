"""Lines taken in several goes are the lines taken in one: nothing lost, nothing twice, headers above still count."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import CAPTURES, ROOT
from zeeksmtp.ingest import FileRecord, ingest_file
from zeeksmtp.reading import line_blocks
from zeeksmtp.reading.discover import Source, find

CASE = CAPTURES / "mixed_office_day"
FILES = [
    CASE / "tsv" / "conn.log",
    CASE / "tsv" / "smtp_cmd.log",
    CASE / "json" / "smtp_cmd.log",
    *sorted((ROOT / "fixtures" / "logs" / "conn").glob("*.log")),
]


def taken(source: Source, lake: Path, start: int, end: int | None) -> tuple[FileRecord, list[str]]:
    """Return the record of a slice and its rows, as text."""
    record = ingest_file(replace(source, start=start, end=end), lake)
    rows = [] if record.part is None else pl.read_parquet(record.part).write_ndjson().splitlines()
    return record, rows


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_two_goes_are_one(path: Path, tmp_path: Path) -> None:
    (source,) = find([path]).sources
    lines = path.read_bytes().count(b"\n")
    whole, rows = taken(source, tmp_path / "whole", 0, None)
    for cut in sorted({0, 1, 4, 5, 8, 9, lines // 2, lines - 1, lines}):
        first, above = taken(source, tmp_path / f"{cut}a", 0, cut)
        second, below = taken(source, tmp_path / f"{cut}b", cut, None)
        assert above + below == rows, cut
        for count in ("kept", "skipped", "rejected"):
            assert getattr(first, count) + getattr(second, count) == getattr(whole, count), (cut, count)
        assert first.rejects + second.rejects == whole.rejects, "lines keep their numbers in the file"


@given(cuts=st.sets(st.integers(0, 130), max_size=5), block=st.integers(1, 3000))
def test_any_cuts_in_blocks_of_any_size(cuts: set[int], block: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("slices") / "smtp_cmd.log"
    text = (CASE / "tsv" / "smtp_cmd.log").read_text()
    head = "".join(line for line in text.splitlines(keepends=True)[:8])
    path.write_text(text + head.replace("#separator", "#Separator") + text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_blocks, "BLOCK", block)
        source = Source(path, "smtp_cmd", "tsv", 0)
        _, rows = taken(source, path.parent / "whole", 0, None)
        bounds = [0, *sorted(cuts), None]
        parts = [taken(source, path.parent / str(a), a or 0, b)[1] for a, b in pairwise(bounds)]
    assert [row for part in parts for row in part] == rows
