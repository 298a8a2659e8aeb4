"""Which logs are there at all, and whether flags tell who is local."""

import polars as pl

from zeeksmtp.expressions.direction import FLAGS
from zeeksmtp.model import Column, Context, Fact, Tables

_LOGS = ("conn", "smtp_session", "smtp", "smtp_cmd", "smtp_auth", "ssl")


def _flags_tell(conn: pl.LazyFrame) -> pl.LazyFrame:
    return conn.filter(pl.col("proto").fill_null("tcp") == "tcp").select(
        pl.lit("conn").alias("log"), (~pl.all_horizontal(pl.col(flag).all() for flag in FLAGS)).alias("flags_tell")
    )


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per log that has lines."""
    there = [tables[log].select(pl.len().alias("lines")).with_columns(pl.lit(log).alias("log")) for log in _LOGS]
    logs = pl.concat(there).filter(pl.col("lines") > 0).drop("lines")
    return logs.join(_flags_tell(tables["conn"]), on="log", how="left").sort("log")


def _merged(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.group_by("log").agg(pl.col("flags_tell").max()).sort("log")


FACT = Fact(
    name="coverage",
    doc="One row per log that has lines.",
    columns=(
        Column("log", "string", "the log"),
        Column("flags_tell", "bool", "conn: `local_orig` and `local_resp` are not true in every line"),
    ),
    needs=_LOGS,
    plan=plan,
    daily=True,
    merge=_merged,
)
