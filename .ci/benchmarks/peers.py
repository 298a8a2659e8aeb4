"""What others need for one piece of the report alone: SMTP connections and bytes per client and hour.

`python -m benchmarks.peers NAME FORM FOLDER` runs one of them over conn.log and prints how many groups and
connections it found.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.day import FIELDS

PORTS: Final = (25, 26, 465, 587, 2525)
AWK: Final = """BEGIN { FS = "\\t" }
!/^#/ && ($6 == 25 || $6 == 26 || $6 == 465 || $6 == 587 || $6 == 2525 || index($8, "smtp")) {
    group = $3 "\\t" int($1 / 3600); n[group]++; sent[group] += $10; got[group] += $11
}
END { for (group in n) { groups++; all += n[group] } print groups, all }"""
_NUMBERS: Final = {"ts": "DOUBLE", "id.resp_p": "INTEGER", "orig_bytes": "BIGINT", "resp_bytes": "BIGINT"}


def duckdb(form: str, folder: Path) -> tuple[int, int]:
    """Roll up with DuckDB. The columns are given, so that nothing has to be guessed."""
    import duckdb as duck

    columns = {name: _NUMBERS.get(name, "VARCHAR") for name, _ in FIELDS}
    if form.startswith("json"):
        read = f"read_json('{folder}/**/conn.*', format='newline_delimited', columns={columns})"
    else:
        read = (
            f"read_csv('{folder}/**/conn.*', auto_detect=false, header=false, delim='\t', comment='#', nullstr='-', "
            f"quote='', escape='', columns={columns})"
        )
    rows = duck.sql(
        f"""
        select "id.orig_h" client, floor(ts / 3600) hr, count(*) connections, sum(orig_bytes) sent, sum(resp_bytes) got
        from {read} where "id.resp_p" in {PORTS} or service like '%smtp%' group by all order by all
        """  # noqa: S608 - our own folder
    ).fetchall()
    return len(rows), sum(row[2] for row in rows)


def polars(form: str, folder: Path) -> tuple[int, int]:
    """Roll up with polars' reader of CSV or NDJSON, its schema given."""
    import polars as pl

    types = {"DOUBLE": pl.Float64, "INTEGER": pl.Int32, "BIGINT": pl.Int64}
    schema = {name: types[_NUMBERS[name]] if name in _NUMBERS else pl.String for name, _ in FIELDS}
    paths = sorted(folder.rglob("conn.*"))
    if form.startswith("json"):
        rows = pl.scan_ndjson(paths, schema=schema)
    else:
        rows = pl.scan_csv(
            paths, separator="\t", comment_prefix="#", has_header=False, quote_char=None, null_values="-", schema=schema
        )
    wanted = pl.col("id.resp_p").is_in(PORTS) | pl.col("service").str.contains("smtp", literal=True)
    hour = (pl.col("ts") / 3600).floor().alias("hr")
    sums = [pl.len(), pl.col("orig_bytes").sum(), pl.col("resp_bytes").sum()]
    found = rows.filter(wanted).group_by(pl.col("id.orig_h").alias("client"), hour).agg(sums).collect()
    return len(found), int(found["len"].sum())


def zat(_form: str, folder: Path) -> tuple[int, int]:
    """Roll up with zat's `LogToDataFrame` and pandas."""
    import pandas as pd
    from zat.log_to_dataframe import LogToDataFrame

    columns = ["id.orig_h", "id.resp_p", "service", "orig_bytes", "resp_bytes"]
    parts = []
    for path in sorted(folder.rglob("conn.*")):
        rows = LogToDataFrame().create_dataframe(str(path), usecols=["ts", *columns])
        smtp = rows["id.resp_p"].isin(PORTS) | rows["service"].astype(str).str.contains("smtp", regex=False)
        parts.append(rows[smtp].reset_index().astype({"id.orig_h": str}))
    rows = pd.concat(parts)
    found = rows.groupby(["id.orig_h", rows["ts"].dt.floor("h")])[["orig_bytes", "resp_bytes"]].agg(["size", "sum"])
    return len(found), len(rows)


def ingest(_form: str, folder: Path) -> tuple[int, int]:
    """Not a peer: our own reading alone, of all logs, into a lake."""
    import tempfile

    from zeeksmtp.engine.local import ENGINE
    from zeeksmtp.reading.discover import find

    with tempfile.TemporaryDirectory(prefix="zeeksmtp-bench-") as lake:
        records = ENGINE.ingest(find([folder]).sources, Path(lake))
    return len(records), sum(record.kept for record in records)


PROGRAMS: Final[dict[str, Callable[[str, Path], tuple[int, int]]]] = {
    "duckdb": duckdb,
    "polars": polars,
    "zat": zat,
    "ingest": ingest,
}


if __name__ == "__main__":
    name, given_form, where = sys.argv[1:]
    sys.stdout.write("{} {}\n".format(*PROGRAMS[name](given_form, Path(where))))
