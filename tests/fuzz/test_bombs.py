"""Bombs of a reduced size: memory that does not grow with what they unpack to, and time in proportion."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.bombs import KINDS, MIB, measured, write
from tests.logs.reading import count
from zeeksmtp.config import Settings
from zeeksmtp.ingest import ingest_file
from zeeksmtp.pipeline import Request, run
from zeeksmtp.reading.discover import find

MAX_MIB = 350
"""What reading one file may take, beside the program; `docs/robustness.md` states it."""
PACKINGS = {"blank lines": "zst", "short lines": "zst", "wide header": "bz2", "repeated rows": "xz"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_takes_little_memory_and_time(kind: str, tmp_path: Path) -> None:
    packing = PACKINGS.get(kind, "gz")
    bomb = measured(kind, packing, 16 * MIB, tmp_path)
    assert bomb.mib < MAX_MIB
    assert bomb.seconds < 12  # the program's start among them
    assert "report this as a bug" not in bomb.problem


def test_a_file_that_unpacks_to_too_much_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "conn.log.gz"
    write(path, "repeated rows", 8 * MIB)
    (source,) = find([path], max_unpacked_gib=4 / 1024).sources
    record = ingest_file(source, tmp_path / "lake")
    assert record.problem is not None and "unpacks to more than 0.00390625 GiB" in record.problem
    assert 0 < count(record) < 8 * MIB / 60
    report = run(Request((path,), Settings(max_unpacked_gib=4 / 1024)))
    assert ["max_unpacked_gib" in error.what for error in report.errors] == [True]


def test_a_plain_file_may_be_of_any_size(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    write(path, "repeated rows", 8 * MIB)
    (source,) = find([path], max_unpacked_gib=4 / 1024).sources
    assert ingest_file(source, tmp_path / "lake").problem is None
