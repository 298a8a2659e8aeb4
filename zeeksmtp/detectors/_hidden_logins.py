"""Failed logins inside TLS, by the size of their sessions; and those among them that are one device's.

A device with an outdated password comes by the clock, and what it sends has one size: the same commands, account and
password each time. Passwords of a word list have several lengths, which TLS does not hide (RFC 8446 section 5.4).
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._guessing import SOURCE, GuessingTest, login_alarms
from zeeksmtp.expressions.rhythm import rhythm
from zeeksmtp.facts.login import MAX_GAP_DEVIATION, MIN_GAP_SECONDS
from zeeksmtp.model import Context, Tables

TLS_FAILED_BYTES = 900
"""Client bytes of a TLS session without mail, below: recorded failed logins sent at most 803 (docs/tls-logins.md)."""
_ALIKE_BYTES = 1
"""A public key of a key exchange may be a byte shorter than usual (RFC 5246 section 8.1.2 strips leading zeros)."""
_MIN_ALIKE_SHARE = 0.9


def hidden_trials(tables: Tables, tls_failed_bytes: int) -> pl.LazyFrame:
    """Return sessions of outside clients inside TLS on submission ports: `bad` if no mail fits into them."""
    return tables["tls_submission"].with_columns(
        (pl.col("orig_bytes") < tls_failed_bytes).alias("bad"),
        pl.lit(1, pl.Int64).alias("trials"),
        pl.lit(None, pl.String).alias("user"),
        pl.lit(None, pl.String).alias("account"),
    )


def hidden_alarms(hidden: pl.LazyFrame, params: GuessingTest, context: Context) -> pl.LazyFrame:
    """Return the sources that alarm over `hidden_trials`; `device`: they are one device with an outdated password.

    The rhythm counts up to the alarm. Sizes count for good: once a tenth of them differ it is a guesser, whatever
    comes later.
    """
    found = login_alarms(hidden, SOURCE, params, context).cache()
    failed = hidden.filter("bad").join(found.select(*SOURCE, "alarm_at"), on=list(SOURCE)).sort("ts", "uid").cache()
    before = failed.filter(pl.col("ts") <= pl.col("alarm_at"))
    gap, deviation = rhythm()
    size = pl.col("orig_bytes").mode().min().alias("size")
    shape = before.group_by(SOURCE).agg(gap.alias("gap"), deviation.alias("deviation"), size)
    alike = ((pl.col("orig_bytes").cast(pl.Int64) - pl.col("size").cast(pl.Int64)).abs() <= _ALIKE_BYTES).cum_sum()
    share = alike.over(SOURCE) / pl.int_range(1, pl.len() + 1).over(SOURCE)
    sized = failed.join(shape.select(*SOURCE, "size"), on=list(SOURCE), maintain_order="left").with_columns(share=share)
    worst = sized.filter(pl.col("ts") >= pl.col("alarm_at")).group_by(SOURCE).agg(pl.col("share").min())
    regular = (pl.col("gap") >= MIN_GAP_SECONDS) & (pl.col("deviation") <= MAX_GAP_DEVIATION * pl.col("gap"))
    device = (regular & (pl.col("share") >= _MIN_ALIKE_SHARE)).fill_null(value=False)
    shaped = found.join(shape, on=list(SOURCE), how="left").join(worst, on=list(SOURCE), how="left")
    return shaped.with_columns(device.alias("device")).drop("deviation", "size", "share")
