"""Files that unpack to far more than they hold, or that are all of one extreme: time and memory that each takes.

`python -m tests.fuzz.bombs --mib 1024` measures them all at full size, each in a process of its own.
"""

from __future__ import annotations

import argparse
import bz2
import lzma
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import zstandard

from tests.conftest import ROOT

HEAD: Final = (
    b"#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\n"
)
ROW: Final = b"1795400000.000001\tC1\t10.0.0.1\t40000\t192.0.2.25\t25\ttcp\tsmtp\n"
OBJECT: Final = (
    b'{"ts":1795400000.000001,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":40000,"id.resp_h":"192.0.2.25",'
    b'"id.resp_p":25,"proto":"tcp","service":"smtp"}\n'
)
MIB: Final = 1 << 20
KINDS: Final = {
    "blank lines": (HEAD, b"\n"),
    "short lines": (HEAD, b"x\n"),
    "lines of tabs": (HEAD, b"\t" * 7 + b"\n"),
    "one long line": (HEAD, b"x"),
    "repeated rows": (HEAD, ROW),
    "repeated objects": (b"", OBJECT),
    "repeated headers": (HEAD, HEAD),
    "changing headers": (HEAD, HEAD + ROW + HEAD.replace(b"\tservice", b"\tother") + ROW),
    "wide header": (HEAD + b"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p", b"\tcolumn"),
    "wide rows": (HEAD, ROW[:-1] + b"\tx" * 100_000 + b"\n"),
    "a million columns": (
        HEAD[:-1] + b"\tx" * 1_000_000 + b"\n",
        ROW[:-1] + b"\tx" * 1_000_000 + b"\n",
    ),
    "deep objects": (OBJECT, b'{"id.resp_p":25,"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}\n"),
    "unclosed objects": (OBJECT, b'{"a":'),
}
"""Beginning, and what is repeated."""
PACKERS: Final = ("log", "gz", "zst", "bz2", "xz")
_READ: Final = """
import resource, sys, time
from pathlib import Path
from zeeksmtp.ingest import ingest_file
from zeeksmtp.reading.discover import find
import zeeksmtp.pipeline
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
(source,) = find([Path(sys.argv[1])]).sources
record = ingest_file(source, Path(sys.argv[2]))
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) >> 10
print(f"{time.process_time():.2f}", grown, record.kept, record.skipped, record.rejected, record.problem, sep="|")
"""


@dataclass(frozen=True)
class Measured:
    """What reading a bomb took: seconds of all processors, MiB above a process that has read nothing, and its lines."""

    seconds: float
    mib: int
    kept: int
    skipped: int
    rejected: int
    problem: str


def content(kind: str, size: int) -> Iterator[bytes]:
    """Yield about `size` bytes."""
    head, part = KINDS[kind]
    piece = part * max(MIB // len(part), 1)
    yield head
    for _ in range(max(size // len(piece), 1)):
        yield piece


def write(path: Path, kind: str, size: int) -> None:
    """Write a bomb, packed as the name says."""
    makers: dict[str, Any] = {
        ".gz": lambda: zlib.compressobj(9, zlib.DEFLATED, 31),
        ".zst": lambda: zstandard.ZstdCompressor(level=3).compressobj(),
        ".bz2": bz2.BZ2Compressor,
        ".xz": lambda: lzma.LZMACompressor(preset=0),
    }
    packer = makers[path.suffix]() if path.suffix in makers else None
    with path.open("wb") as file:
        for piece in content(kind, size):
            file.write(packer.compress(piece) if packer else piece)
        if packer:
            file.write(packer.flush())


def measured(kind: str, packing: str, size: int, folder: Path) -> Measured:
    """Write a bomb of `size` unpacked bytes, read it in a process of its own, and remove it."""
    path = folder / ("conn.log" if packing == "log" else f"conn.log.{packing}")
    write(path, kind, size)
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path), str(folder / "lake")],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    path.unlink()
    seconds, mib, kept, skipped, rejected, problem = done.stdout.strip().split("|")
    return Measured(float(seconds), int(mib), int(kept), int(skipped), int(rejected), problem)


def main() -> int:
    """Measure all bombs and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.bombs", description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="unpacked size")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--packings", nargs="+", choices=PACKERS, default=["gz", "zst"])
    words = parser.parse_args()
    sys.stdout.write(f"| {words.mib} MiB of | packed as | CPU s | MiB | kept | skipped | rejected | problem |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|---|\n")
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-bombs-") as folder:
        for kind in words.kinds:
            for packing in words.packings:
                m = measured(kind, packing, words.mib * MIB, Path(folder))
                cells = (kind, packing, m.seconds, m.mib, m.kept, m.skipped, m.rejected, m.problem)
                sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
