"""`zeeksmtp report` over days of logs beside what others need for one roll-up of conn.log: time and peak memory.

All run as programs of their own, in turns, so that what else the machine does falls on all of them.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from benchmarks.peers import AWK
from benchmarks.site import FORMS, write_site
from benchmarks.table import ROOT, Run, apart, machine, measured, put, table

BASE: Final = "DuckDB, roll-up"
REPORT: Final = "zeeksmtp report, conn.log alone"
PAGE: Final = ROOT / "docs" / "performance.md"


def main() -> int:
    """Measure, print, and write with `--write`."""
    args = _arguments()
    lines = [machine(), ""]
    _say(lines)
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-bench-") as folder:
        cache = args.cache or Path(folder)
        for form in args.forms:
            for days in args.days:
                site = apart(write_site, cache, form, days, args.rows)
                runs = _runs(form, site, Path(folder), args.runs, peers=days == args.days[0])
                lines += _say(list(table(_title(form, days, site), runs, BASE)))
    if args.write:
        put(PAGE, lines)
    if args.detectors:
        subprocess.run([sys.executable, "-m", "benchmarks.detectors"], cwd=ROOT, check=True)
    return 0


def _say(lines: list[str]) -> list[str]:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return lines


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--cache", type=Path, help="keep the generated logs here for the next time")
    parser.add_argument("--rows", type=int, default=4_800_000, help="lines of conn.log in a day")
    parser.add_argument("--days", type=int, nargs="+", default=[1], help="how many days, such as 1 4 16 (10 GB as TSV)")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--detectors", action="store_true", help="afterwards, the share of each fact and detector")
    return parser.parse_args()


def _title(form: str, days: int, site: Path) -> str:
    paths = list(site.rglob("*.*"))
    files = [path for path in paths if path.is_file() and not path.name.startswith(".")]
    conn = sum(path.stat().st_size for path in files if path.name.startswith("conn."))
    size = sum(path.stat().st_size for path in files)
    what = f"{form}, {days} day{'s' * (days > 1)}"
    return f"{what}: {size / 1e6:,.0f} MB in {len(files)} files, conn.log {conn / 1e6:,.0f} MB"


def _runs(form: str, site: Path, scratch: Path, times: int, *, peers: bool) -> Mapping[str, list[Run]]:
    commands = dict(_commands(form, site, scratch, peers=peers))
    for command in commands.values():
        if command:
            measured(command)  # so that all find the files in memory
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            if command:
                runs[name].append(measured(command))
    return runs


def _commands(form: str, site: Path, scratch: Path, *, peers: bool) -> Iterator[tuple[str, list[str] | None]]:
    """Name each program and give its words; none where it is not installed."""
    conn = sorted(map(str, site.rglob("conn.*")))
    report = [sys.executable, "-m", "zeeksmtp", "report", "--quiet", "--format", "json", "-o", str(scratch / "r.json")]
    yield "zeeksmtp report, all logs", [*report, str(site)]
    yield "zeeksmtp, its reading alone, all logs", _peer("ingest", form, site)
    yield REPORT, [*report, *conn]
    yield BASE, _peer("duckdb", form, site)
    if not peers:
        return
    yield "polars scan, roll-up", _peer("polars", form, site)
    if form == "tsv":
        yield "zat LogToDataFrame and pandas, roll-up", _peer("zat", form, site)
        yield "mawk, roll-up", _installed("mawk", AWK, *conn)
        yield "grep -c smtp, one pass", _installed("grep", "-c", "smtp", *conn)
    if form.endswith(".gz"):
        yield "zcat, one pass", _installed("zcat", *conn)
    if form == "json":
        yield "grep -c smtp, one pass", _installed("grep", "-c", "smtp", *conn)


def _peer(name: str, form: str, site: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.peers", name, form, str(site)]


def _installed(name: str, *words: str) -> list[str] | None:
    return [name, *words] if shutil.which(name) else None


if __name__ == "__main__":
    sys.exit(main())
