"""Lines out of files: numbers, bounds, damage."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from zeeksmtp.reading import decompress, line_blocks
from zeeksmtp.reading.line_blocks import Block, Lines
from zeeksmtp.reading.scan import sift

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
}


def blocks(path: Path) -> list[Block]:
    return list(Lines(path))


@pytest.mark.parametrize("packer", PACKERS)
def test_lines_are_whole_and_numbered(packer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks, so that lines cross their borders."""
    monkeypatch.setattr(line_blocks, "BLOCK", 1000)
    dice = random.Random(1)
    lines = [b"%d " % number + b"x" * dice.randint(0, 300) for number in range(1, 2000)]
    content = b"".join(line + b"\n" for line in lines)
    path = tmp_path / "lines"
    path.write_bytes(PACKERS[packer](content))
    read_lines = Lines(path)
    got = list(read_lines)
    assert b"".join(block.data for block in got) == content
    assert all(block.data.startswith(b"%d " % block.line) for block in got)
    assert sum(block.lines for block in got) == len(lines)
    assert read_lines.problem is None


@pytest.mark.parametrize("packer", [name for name in PACKERS if name != "plain"])
@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_a_cut_file_gives_its_readable_prefix(packer: str, kept: float, tmp_path: Path) -> None:
    dice = random.Random(2)
    content = b"".join(b"%d\n" % dice.randrange(10**12) for _ in range(200_000))
    packed = PACKERS[packer](content)
    path = tmp_path / "cut"
    path.write_bytes(packed[: int(len(packed) * kept)])
    lines = Lines(path)
    got = b"".join(block.data for block in lines)
    assert content.startswith(got) and len(got) > len(content) * (kept - 0.35)
    assert lines.problem is not None and "damaged" in lines.problem


def test_gzip_is_read_the_same_without_the_fast_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, of two members, cut, and damaged in the middle: whatever ISA-L makes of it, zlib has the last word."""
    dice = random.Random(3)
    packed = gzip.compress(b"".join(b"%d\n" % dice.randrange(10**12) for _ in range(300_000)))
    broken = bytearray(packed)
    broken[len(packed) // 2] ^= 0xFF
    for number, data in enumerate([packed, packed + gzip.compress(b"x\n"), packed[: len(packed) // 2], bytes(broken)]):
        path = tmp_path / f"{number}.gz"
        path.write_bytes(data)
        fast = Lines(path)
        got = b"".join(block.data for block in fast)
        with monkeypatch.context() as patch:
            patch.setattr(decompress, "find_spec", lambda name: None)
            slow = Lines(path)
            assert got == b"".join(block.data for block in slow), number
        assert (fast.problem is None, fast.note) == (slow.problem is None, slow.note)


def test_damage_inside_a_gzip_file_costs_nothing_before_it(tmp_path: Path) -> None:
    content = b"".join(b"%d\n" % number for number in range(100_000))
    packed = bytearray(gzip.compress(content))
    packed[-6] ^= 0xFF  # the check sum: all content is there
    path = tmp_path / "damaged.gz"
    path.write_bytes(packed)
    lines = Lines(path)
    assert b"".join(block.data for block in lines) == content
    assert "incorrect data check" in (lines.problem or "")


def test_a_line_beyond_the_bound_is_one_rejected_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK", 1000)
    monkeypatch.setattr(line_blocks, "LONGEST_LINE", 5000)
    path = tmp_path / "long"
    path.write_bytes(b"one\n" + b"x" * 50_000 + b"\nthree\n" + b"y" * 30_000)
    got = blocks(path)
    assert [(block.line, block.overlong) for block in got] == [(1, False), (2, True), (3, False), (4, True)]
    assert got[2].data == b"three\n"


@given(
    st.lists(
        st.sampled_from([b"\n", b"\r\n", b"x^\n", b"\x78\x9c\n", b"BZh9\n", b"caf\xe9\n", b"25\n", b"\0\n"]), min_size=1
    )
)
def test_sifting_counts_and_numbers_lines(pieces: list[bytes]) -> None:
    """Whatever a block starts with: polars must not take it for a packed file."""
    data = b"".join(pieces)
    sifted = sift(data, None, 7)
    whole = [number for number, line in enumerate(data.split(b"\n")[:-1], 7) if line.strip(b"\r")]
    assert sifted.rows["i"].to_list() == whole
    assert sifted.lines == len(whole)


MEMORY = """
import resource, sys
from pathlib import Path
from zeeksmtp.ingest import ingest_file
from zeeksmtp.reading.discover import Source
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
record = ingest_file(Source(Path(sys.argv[1]), "conn", "tsv", 1), Path(sys.argv[2]))
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) >> 10
print(grown, record.kept, record.skipped, record.rejected)
"""


@pytest.mark.parametrize("line", [b"", b"x" * 99])
def test_a_bomb_fills_no_memory(line: bytes, tmp_path: Path) -> None:
    """300 MB out of a small gz, as one endless line of NULs or as ordinary lines: memory grows by far less."""
    path = tmp_path / "conn.log.gz"
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = (line + b"\n") * 10_000 if line else b"\0" * 1_000_000
    with path.open("wb") as file:
        file.write(packer.compress(b"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\n"))
        for _ in range(300):
            file.write(packer.compress(piece))
        file.write(packer.flush())
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path), str(tmp_path / "lake")], capture_output=True, text=True, check=True
    )
    grown, kept, skipped, rejected = map(int, done.stdout.split())
    assert grown < 150
    assert (kept, skipped, rejected) == ((0, 0, 3_000_000) if line else (0, 0, 1))


def test_nothing_readable_is_a_problem_not_an_error(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "gone.log")
    assert list(lines) == [] and "gone" in (lines.problem or "")
    lines = Lines(tmp_path)
    assert list(lines) == [] and "cannot be read" in (lines.problem or "")
