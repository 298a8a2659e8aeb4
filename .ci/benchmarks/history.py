"""`python -m benchmarks.history LAKE HOME HOURS`: a state and a log folder as passes over that lake left them.

The last HOURS hours of the lake are held back, as logs of these hours still to come: there is no more of a day to be
put together anew than at its end. LAKE itself stays as it is.
"""

from __future__ import annotations

import hashlib
import secrets
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
from sqlalchemy import Connection

from simulation.write import tsv
from zeeksmtp.cron.lake_update import place_of
from zeeksmtp.ingest import parts_of, scan
from zeeksmtp.reading.kinds import logs
from zeeksmtp.state import ledger
from zeeksmtp.state.ledger import Content, IngestedLines, KnownFile, LivePart
from zeeksmtp.state.store import NAME, open_store

_HOUR = timedelta(hours=1)
_LINE_BYTES = 150


def write(lake: Path, home: Path, hours: int) -> None:
    """Write `home`/state, `home`/logs, and `home`/held/<n> with the logs of hour n that no pass has read."""
    begin = _end(lake) - hours * _HOUR
    (home / "state").mkdir(mode=0o700)
    (home / "logs").mkdir()
    with open_store(home / "state" / NAME) as store, store.transaction() as connection:
        parts = list(_parts(lake, home / "state" / "lake", begin, begin + hours * _HOUR))
        ledger.add_parts(connection, parts)
        files = [file for part in parts for file in _known(connection, part, home / "logs")]
        ledger.save_files(connection, files, {file.path for file in files})
    for number in range(hours):
        since = begin + number * _HOUR
        rows = {log: _between(scan(lake, logs()[log]), since, since + _HOUR).collect() for log in logs()}
        tsv(rows, home / "held" / str(number), f".{since:%Y-%m-%d-%H}")


def _end(lake: Path) -> datetime:
    newest: datetime = scan(lake, logs()["conn"]).select(pl.col("ts").max()).collect().item()
    return newest.replace(minute=0, second=0, microsecond=0) + _HOUR


def _between(rows: pl.LazyFrame, since: datetime, until: datetime) -> pl.LazyFrame:
    return rows.filter(pl.col("ts").is_between(since, until, closed="left"))


def _parts(lake: Path, target: Path, since: datetime, until: datetime) -> Iterator[LivePart]:
    for log in logs():
        (target / log).mkdir(mode=0o700, parents=True)
        for path in parts_of(lake, log):
            part = _part(log, path, target / log / path.name, since, until)
            if part is not None:
                yield part


def _part(log: str, path: Path, here: Path, since: datetime, until: datetime) -> LivePart | None:
    """Write a part into a lake as `here`, without the rows of a time; return `None` if it has no others."""
    rows = pl.scan_parquet(path)
    if rows.select(pl.col("ts").max() >= since).collect().item():
        rows.filter(~pl.col("ts").is_between(since, until, closed="left")).collect().write_parquet(here)
    else:
        here.symlink_to(path.absolute())
    summary = pl.scan_parquet(here).select(pl.len(), first=pl.col("ts").min(), last=pl.col("ts").max())
    count, first, last = summary.collect().row(0)
    if count == 0:
        here.unlink()
        return None
    with here.open("rb") as file:
        name = f"{hashlib.file_digest(file, 'sha256').hexdigest()}.parquet"
    here.rename(here.with_name(name))  # as ingest names it: a pass verifies what it relies on
    return LivePart(log, name, count, first, last)


def _known(connection: Connection, part: LivePart, folder: Path) -> Iterator[KnownFile]:
    """Yield one file an hour as the source of the part's rows. The files exist, though empty: no pass opens them."""
    times = list(_hours(part))
    for number, hour in enumerate(times):
        path = folder / f"{part.log}.{hour:%Y-%m-%d-%H}.log.gz"
        path.touch()
        lines = part.rows // len(times) + number
        content = ledger.save_content(connection, Content(lines * _LINE_BYTES, lines, secrets.token_bytes(16)))
        ledger.add_ingested(connection, [IngestedLines(place_of(path), part.log, lines, 0, 0, part.name)])
        yield KnownFile(path, 0, path.stat().st_mtime_ns, part.log, "tsv", sniffed=True, content=content)


def _hours(part: LivePart) -> Iterator[datetime]:
    hour = part.first.replace(minute=0, second=0, microsecond=0)
    while hour <= part.last:
        yield hour
        hour += _HOUR


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
