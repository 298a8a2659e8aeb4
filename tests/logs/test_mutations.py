"""Files broken at random: no crash, no hang, every line accounted for against a plain count."""

from __future__ import annotations

import gzip
import random
import time
import zlib
from pathlib import Path

import pytest

from tests.conftest import CAPTURES
from tests.fuzz.mutators import MUTATORS, cut_end, flip
from tests.logs.reading import count, data_lines
from zeeksmtp.ingest import every_record, ingest_file
from zeeksmtp.reading.discover import Source, find
from zeeksmtp.reading.kinds import by_name

FILES = 1000
BATCHES = 20
SECONDS_PER_FILE = 10
ORIGINALS = sorted(path for path in CAPTURES.glob("*/*/*.log") if by_name(path.name))


def readable(packed: bytes) -> bytes:
    """Unpack what can be unpacked, byte by byte: nothing that the failing step had in hand is lost."""
    out, inner = b"", zlib.decompressobj(31)
    for place in range(len(packed)):
        try:
            out += inner.decompress(packed[place : place + 1])
        except zlib.error:
            break
    return out


def mutated(dice: random.Random, folder: Path) -> tuple[Path, Source, bytes]:
    original = dice.choice(ORIGINALS)
    form = original.parent.name
    data = original.read_bytes()
    for mutate in dice.sample(MUTATORS, dice.randint(1, 3)):
        data = mutate(data, dice) or b"\n"
    path = folder / original.name
    if dice.random() < 0.3:
        path = folder / f"{original.name}.gz"
        packed = gzip.compress(data, mtime=0)
        packed = dice.choice([packed, cut_end(packed, dice), packed[:20] + flip(packed[20:], dice)])
        path.write_bytes(packed)
        data = readable(packed)
    else:
        path.write_bytes(data)
    return path, Source(path, original.stem, form, path.stat().st_size), data  # type: ignore[arg-type]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_line_of_a_broken_file_is_accounted_for(batch: int, tmp_path: Path) -> None:
    for number in range(FILES // BATCHES):
        dice = random.Random(batch * FILES + number)
        folder = tmp_path / str(number)
        folder.mkdir()
        path, source, content = mutated(dice, folder)
        started = time.monotonic()
        records = list(every_record([ingest_file(source, folder / "lake")]))
        taken = time.monotonic() - started
        where = f"seed {batch * FILES + number}, {path.name}"
        assert sum(count(record) for record in records) == data_lines(content, source.format), where
        assert all(len(record.rejects) == record.rejected for record in records if record.rejected < 1000), where
        assert taken < SECONDS_PER_FILE, where
        find([path, CAPTURES / "vrfy_scan" / "tsv"])  # must not raise whatever it finds
