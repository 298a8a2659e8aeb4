"""smtp.log of simulated sessions: one line per mail transaction and per STARTTLS, and none for anything else."""

from __future__ import annotations

import polars as pl

from simulation.ids import uids
from simulation.lines import ENDS
from simulation.seeds import Random

SIZE = r" SIZE=\d+$"
"""What a sender declares of its message behind MAIL (RFC 1870)."""
_ADDRESS = r"^[^\s,:@]+@\S+$"  # what base/utils/email.zeek finds; the null sender and the like are logged as unset
_FIRST_EVENT = 700  # µs from the start of a connection to the greeting, where Zeek begins its first record


def smtp(sessions: pl.DataFrame, lines: pl.DataFrame, random: Random) -> pl.DataFrame:
    """Return smtp.log's columns of all transactions and of each STARTTLS that was answered with 220.

    A record begins at the greeting, or where the one before ended; it ends with the reply to the content, with the next
    MAIL, or with the connection. `last_reply` is the last line that the server said until then.
    """
    known = sessions.select("sess", "helo", pl.col("ts").alias("began"))
    return pl.concat([_transactions(lines, known, random), _starttls(lines, known)], how="diagonal")


def _transactions(lines: pl.DataFrame, known: pl.DataFrame, random: Random) -> pl.DataFrame:
    verb = pl.col("verb")
    numbered = lines.with_columns((verb == "MAIL").cum_sum().over("sess").alias("number")).filter(pl.col("number") > 0)
    rows = (
        numbered.group_by("sess", "number", maintain_order=True)
        .agg(
            pl.col("ts").first(),
            pl.col(*ENDS).first(),
            pl.col("arg").filter(verb == "MAIL").first().alias("mailfrom"),
            pl.col("arg").filter(verb == "RCPT").alias("rcptto"),
            (verb == "DATA").any().alias("content"),
            _reply().filter(verb == "DATA").last().alias("data_reply"),
            _reply().last().alias("any_reply"),
        )
        .join(known, on="sess", how="left", maintain_order="left")
    )
    before = pl.col("content").cast(pl.Int64).cum_sum().over("sess") - pl.col("content").cast(pl.Int64)
    mailfrom = pl.col("mailfrom").str.replace(SIZE, "")
    fuids = pl.concat_list(pl.Series("fuid", uids(random, len(rows), "F")))
    return rows.with_columns(
        pl.when(pl.col("number") == 1).then(pl.col("began") + _FIRST_EVENT).otherwise("ts").alias("ts"),
        (before + 1).alias("trans_depth"),
        pl.when(mailfrom.str.contains(_ADDRESS)).then(mailfrom).alias("mailfrom"),
        pl.coalesce("data_reply", "any_reply").alias("last_reply"),
        pl.lit(value=False).alias("tls"),
        pl.when("content").then(fuids).otherwise(pl.lit([], dtype=pl.List(pl.String))).alias("fuids"),
        pl.when(pl.col("rcptto").list.len() > 0).then("rcptto").alias("rcptto"),
    )


def _starttls(lines: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    began = lines.filter(pl.col("verb") == "STARTTLS", pl.col("code") == 220).join(known, on="sess", how="left")
    return began.with_columns(
        (pl.col("began") + _FIRST_EVENT).alias("ts"),
        pl.lit(1, pl.Int64).alias("trans_depth"),
        _reply().alias("last_reply"),
        pl.lit(value=True).alias("tls"),
        pl.lit([], dtype=pl.List(pl.String)).alias("fuids"),
    )


def _reply() -> pl.Expr:
    return pl.format("{} {}", "code", "msg")
