"""`python -m benchmarks.choices`: what each choice of the reading layer was chosen from, on an hour of conn.log.

One polars thread; the least processor time of several runs, in milliseconds.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import tempfile
import time
import zlib
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any, Final

os.environ["POLARS_MAX_THREADS"] = "1"

import polars as pl

from benchmarks.day import write_day
from zeeksmtp.ingest import ingest_file, scan
from zeeksmtp.reading import json_rows, line_blocks, tsv_rows
from zeeksmtp.reading.discover import Source
from zeeksmtp.reading.header import Header
from zeeksmtp.reading.kinds import logs
from zeeksmtp.reading.scan import LINES, sift

_RUNS: Final = 15
_ISO: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"
_PORTS: Final = "\t25\t|\t26\t|\t465\t|\t587\t|\t2525\t"
Choices = Iterator[tuple[str, Callable[[], object]]]


def main(words: list[str]) -> int:
    """Measure and print."""
    parser = ArgumentParser(prog="python -m benchmarks.choices", description=__doc__)
    parser.add_argument("--cache", type=Path, help="keep the generated day here for the next time")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-bench-") as folder:
        hour = min(write_day(given.cache or Path(folder)).glob("*.log"))
        for title, choices in (
            ("counting lines", _counting(hour.read_bytes())),
            ("sieve", _sieves(hour.read_bytes())),
            ("unpacking gz", _unpacking(gzip.compress(hour.read_bytes(), 6))),
            ("parsing what the sieve let through", _parsing(hour, Path(folder))),
            ("writing the part", _writing(hour, Path(folder))),
            ("block size, whole ingest of the file", _blocks(hour, Path(folder))),
        ):
            for name, run in choices:
                sys.stdout.write(f"{title:38} {name:44} {_least(run) * 1000:7.1f} ms\n")
    return 0


def _least(run: Callable[[], object]) -> float:
    took = []
    for _ in range(_RUNS):
        before = time.process_time()
        run()
        took.append(time.process_time() - before)
    return min(took)


def _counting(data: bytes) -> Choices:
    lines = pl.scan_lines(data, name="l")
    sieve = lines.filter(pl.col("l").str.contains(f"{_PORTS}|smtp"))
    yield "bytes.count", lambda: data.count(b"\n")
    yield "sieve alone", sieve.collect
    yield "sieve, and the scan's own count", lambda: pl.collect_all([sieve, lines.select(pl.len())])


def _sieves(data: bytes) -> Choices:
    lines = pl.scan_lines(data, name="l", row_index_name="i")
    column = pl.col("l").str
    for name, wanted in (
        ("no sieve: lines only", pl.lit(value=False)),
        ("one regex, `smtp` as written", column.contains(f"{_PORTS}|smtp")),
        ("one regex, `smtp` in any case", column.contains(f"{_PORTS}|(?i:smtp)")),
        ("one regex, the ports in their column", column.contains(r"^(?:[^\t]*\t){5}(?:25|26|465|587|2525)\t|smtp")),
        ("Aho-Corasick (contains_any)", column.contains_any([*_PORTS.split("|"), "smtp"])),
    ):
        yield name, lines.filter(wanted).collect


def _unpacking(packed: bytes) -> Choices:
    found: dict[str, ModuleType] = {"zlib": zlib}
    with suppress(ImportError):
        from zlib_ng import zlib_ng

        found["zlib-ng"] = zlib_ng
    for name, library in found.items():
        yield name, lambda library=library: _unpack(library, packed)
    with suppress(ImportError):
        from isal import igzip

        yield "isal", lambda: _read(igzip.IGzipFile, packed)
    yield "polars, lines counted", pl.scan_lines(packed, name="l").select(pl.len()).collect


def _unpack(library: ModuleType, packed: bytes) -> None:
    inner = library.decompressobj(31)
    for start in range(0, len(packed), 1 << 20):
        data = packed[start : start + (1 << 20)]
        while data and not inner.eof:
            inner.decompress(data, 1 << 22)
            data = inner.unconsumed_tail


def _read(opened: Any, packed: bytes) -> None:
    with opened(fileobj=BytesIO(packed)) as inner:
        while inner.read(1 << 22):
            pass


def _kept(hour: Path, lake: Path) -> pl.DataFrame:
    ingest_file(Source(hour, "conn", "tsv", 0), lake)
    return scan(lake, logs()["conn"]).collect()


def _parsing(hour: Path, lake: Path) -> Choices:
    log, data = logs()["conn"], hour.read_bytes()
    header = Header("conn")
    for line in data[:4096].decode().split("\n"):
        header = header.with_line(line)
    pattern = tsv_rows.prefilter(log, header)
    found = sift(data, pl.col("l").str.contains(pattern or "") & ~pl.col("l").str.starts_with("#"), 1).rows
    yield f"TSV, {len(found):,} lines, with care", lambda: tsv_rows.careful(log, found, header)
    yield "TSV, in bulk", lambda: tsv_rows.parse(log, found, header)
    for form, ts in (("JSON", pl.col("ts").dt.epoch("us") / 1e6), ("JSON, ISO times", pl.col("ts").dt.to_string(_ISO))):
        objects = _as_json(_kept(hour, lake), ts)
        yield f"{form}, {len(objects):,} lines, with care", lambda objects=objects: json_rows.careful(log, objects)
        yield f"{form}, in bulk", lambda objects=objects: json_rows.parse(log, objects)


def _as_json(rows: pl.DataFrame, ts: pl.Expr) -> pl.DataFrame:
    numbers = rows.with_columns(ts, pl.col("duration").dt.total_microseconds() / 1e6).iter_rows(named=True)
    lines = [json.dumps({k: v for k, v in row.items() if v is not None}, separators=(",", ":")) for row in numbers]
    return pl.DataFrame({"i": range(1, len(lines) + 1), "l": lines}, schema=LINES)


def _writing(hour: Path, lake: Path) -> Choices:
    rows = _kept(hour, lake)
    target = lake / "part.parquet"
    yield "rows as NDJSON, to hash them", rows.write_ndjson
    for packing in ("zstd", "lz4", "uncompressed"):
        rows.write_parquet(target, compression=packing)
        name = f"Parquet, {packing}, {target.stat().st_size / 1e3:.0f} kB"
        yield name, lambda packing=packing: rows.write_parquet(target, compression=packing)


def _blocks(hour: Path, lake: Path) -> Choices:
    chosen = line_blocks.BLOCK
    for size in (19, 20, 21, 22, 23, 24):
        line_blocks.BLOCK = 1 << size  # type: ignore[misc]
        yield f"{1 << size >> 10} KiB", lambda: ingest_file(Source(hour, "conn", "tsv", 0), lake)
    line_blocks.BLOCK = chosen  # type: ignore[misc]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
