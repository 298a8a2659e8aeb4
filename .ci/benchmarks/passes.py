"""`python -m benchmarks.passes`: what scheduled passes cost over a lake of 28 days and 10 million sessions.

The first pass runs the detectors over everything; the next ones find nothing new; then each ingests the logs of one
more hour. For comparison: `zeeksmtp report` on that hour's files alone. Every pass and report is a process of its own,
and lake and state are written by another, so that memory is that of the program alone. Dirty pages of one process are
on the disk before the next begins: an hour lies between passes.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path

from benchmarks.table import ROOT, Run, machine, measured, median, table

_SESSIONS = 10_000_000
_FIRST, _NOTHING = "first pass, over everything", "pass with nothing new"
_HOUR, _ALONE = "pass with one new hour", "report on that hour"


def main(words: list[str]) -> int:
    """Write the lake, unless one is given, and a state for it; run passes; print what they cost."""
    parser = ArgumentParser(prog="python -m benchmarks.passes", description=__doc__)
    parser.add_argument("--lake", type=Path, help="a lake of simulation.bulk, or where to make it and leave it")
    parser.add_argument("--sessions", type=int, default=_SESSIONS, help="how many sessions to make")
    parser.add_argument("--runs", type=int, default=3, help="passes with nothing new, and hours")
    given = parser.parse_args(words)
    _say(machine())
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-bench-") as folder:
        home = Path(folder)
        lake = given.lake or home / "lake"
        if not (lake / "conn").exists():
            _python("simulation.bulk", str(lake), str(given.sessions))
        _python("benchmarks.history", str(lake), folder, str(given.runs))
        runs = _runs(home, given.runs)
        remembered = [_count(home / "state" / "state.sqlite", table) for table in ("finding", "incident")]
    _say(*table(f"scheduled passes over {given.lake or f'{given.sessions:,} sessions'}", runs, _ALONE))
    hour, alone = median(runs[_HOUR]), median(runs[_ALONE])
    _say(f"a new hour costs {hour.seconds - alone.seconds:.2f} s (CPU {hour.cpu - alone.cpu:.2f} s) beside its files")
    _say("{:,} findings and {:,} incidents are remembered".format(*remembered))
    return 0


def _python(module: str, *words: str) -> None:
    subprocess.run([sys.executable, "-m", module, *words], cwd=ROOT, check=True)


def _runs(home: Path, times: int) -> dict[str, list[Run]]:
    config = home / "zeeksmtp.toml"
    config.write_text(f'log_dir = "{home / "logs"}"\nstate_dir = "{home / "state"}"\nsettle_seconds = 0\n')
    cron = [sys.executable, "-m", "zeeksmtp", "cron", "--quiet", "--config", str(config)]
    report = [sys.executable, "-m", "zeeksmtp", "report", "--quiet"]
    runs = {_FIRST: [_settled(cron)], _NOTHING: [_settled(cron) for _ in range(times)], _HOUR: [], _ALONE: []}
    for number in range(times):
        files = [path.rename(home / "logs" / path.name) for path in (home / "held" / str(number)).iterdir()]
        runs[_HOUR].append(_settled(cron))
        runs[_ALONE].append(_settled([*report, *map(str, files)]))
    return runs


def _settled(command: list[str]) -> Run:
    os.sync()
    return measured(command)


def _count(state: Path, table: str) -> int:
    with closing(sqlite3.connect(state)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - not from outside


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
