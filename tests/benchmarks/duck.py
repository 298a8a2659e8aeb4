"""What DuckDB needs for one piece of the report alone: SMTP connections and bytes per client and hour."""

import sys
from pathlib import Path

import duckdb

from tests.benchmarks.day import FIELDS

_NUMBERS = {"ts": "DOUBLE", "id.resp_p": "INTEGER", "orig_bytes": "BIGINT", "resp_bytes": "BIGINT"}


def roll_up(folder: Path) -> list[tuple[object, ...]]:
    """Give client, hour, connections and bytes. The columns are told, so that nothing has to be guessed."""
    columns = {name: _NUMBERS.get(name, "VARCHAR") for name, _ in FIELDS}
    return duckdb.sql(
        f"""
        select "id.orig_h" client, floor(ts / 3600) hr, count(*) connections, sum(orig_bytes) sent, sum(resp_bytes) got
        from read_csv('{folder}/*.log', auto_detect=false, header=false, delim='\t', comment='#', nullstr='-',
                      quote='', escape='', columns={columns})
        where "id.resp_p" in (25, 26, 465, 587, 2525) or service like '%smtp%'
        group by all order by all
        """  # noqa: S608 - our own folder
    ).fetchall()


if __name__ == "__main__":
    rows = roll_up(Path(sys.argv[1]))
    sys.stdout.write(f"{len(rows)} rows, {sum(int(str(row[2])) for row in rows)} connections\n")
