"""Findings per stranger are bounded: of a million attackers the loudest are named, the rest are one finding."""

from __future__ import annotations

import polars as pl

from zeeksmtp.correlate.wording import JOINED
from zeeksmtp.dtypes import finding_schema
from zeeksmtp.model import FINDING, Severity

MAX_STRANGERS = 200
"""Findings of one detector about clients outside that are listed one by one."""
MAX_OWN = 500
"""Findings of one detector of medium or above about the site's own clients; `max_minor_findings` bounds the others."""
_MAX_NAMES = 100
_MAX_UIDS = 20
_OTHERS = ("others outside", "others inside")
_SENTENCES = ("scope", "note", "verdicts", "look_ups")  # details that are a part of a sentence about one finding

_RANK = pl.col("severity").replace_strict({str(s.value): s.rank for s in Severity}, return_dtype=pl.Int64)


def bounded(rows: pl.DataFrame, own: pl.Series) -> pl.DataFrame:
    """Return the rows of a detector (columns: `model.FINDING`), the quieter ones as one row each by side.

    Loud is what is graver, then what has the higher count. `own` are the site's hosts.
    """
    if len(rows) <= min(MAX_STRANGERS, MAX_OWN):
        return rows
    is_own = pl.col("clients").list.eval(pl.element().is_in(own.implode())).list.any().fill_null(value=False)
    is_minor = Severity.MEDIUM.rank > _RANK
    ranked = rows.with_columns(is_own.alias("_own")).sort(_RANK, "count", "key", descending=[True, True, False])
    inside, outside = ranked.filter("_own").drop("_own"), ranked.filter(~pl.col("_own")).drop("_own")
    grave = inside.filter(~is_minor)
    kept = [outside.head(MAX_STRANGERS), grave.head(MAX_OWN), inside.filter(is_minor)]
    rest = [outside.slice(MAX_STRANGERS), grave.slice(MAX_OWN)]
    joined = [_joined(others, key) for others, key in zip(rest, _OTHERS, strict=True) if len(others)]
    return pl.concat([*kept, *joined])


def _joined(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return one row for all: counts are sums, names those of the loudest. Its key, which names no client, stays."""
    loudest = rows.head(1)
    one = rows.select(
        pl.lit([key], dtype=pl.List(pl.String)).alias("key"),
        pl.col("severity", "confidence", "test", "attack", "visibility").first(),
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("count").sum(),
        *(_names(name, _MAX_NAMES) for name in ("clients", "servers", "accounts")),
        _names("uids", _MAX_UIDS),
    ).with_columns(_terms(rows), _details(rows, loudest))
    return one.select(pl.col(name).cast(dtype) for name, dtype in finding_schema(FINDING).items())


def _names(column: str, most: int) -> pl.Expr:
    # Of the loudest only: to unite the lists of a million rows would take longer than to find them.
    return pl.col(column).head(most).explode().drop_nulls().unique(maintain_order=True).head(most).implode()


def _terms(rows: pl.DataFrame) -> pl.Series:
    sums = rows["terms"].explode().struct.unnest().group_by("name", maintain_order=True)
    added = sums.agg(pl.col("value").sum(), pl.col("weight").max())
    number = pl.DataFrame({"name": [JOINED], "value": [float(len(rows))], "weight": [0.0]}, schema=added.schema)
    return pl.concat([added, number]).select(pl.struct(pl.all()).implode().alias("terms")).to_series()


def _details(rows: pl.DataFrame, loudest: pl.DataFrame) -> pl.Series:
    """Return the details of the loudest, with the number of findings for who it was."""
    details = loudest["details"].explode().struct.unnest()
    name, values = pl.col("name"), pl.col("values")
    nothing = pl.lit([], dtype=pl.List(pl.String))
    who = pl.lit([f"{len(rows):,} quieter sources"], dtype=pl.List(pl.String))
    shown = pl.when(name == "who").then(who).when(name.is_in(_SENTENCES)).then(nothing).otherwise(values)
    return details.select(pl.struct(name, shown.alias("values")).implode().alias("details")).to_series()
