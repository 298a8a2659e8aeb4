"""How simulated clients speak: `dialect` and `dialect_raw` of smtp_session.log, see docs/zeek-package.md."""

from __future__ import annotations

import hashlib

import polars as pl


def dialects(lines: pl.DataFrame) -> pl.DataFrame:
    """Return `sess`, `dialect` and `dialect_raw` of all sessions that said something.

    Args:
        lines: Commands in order, of `lines.lines_of`.
    """
    first = lines.sort("sess", "seq").unique(["sess", "verb"], keep="first", maintain_order=True)
    mark = pl.when("pipelined").then(pl.lit("*")).otherwise(pl.lit(""))
    tokens = pl.concat_str(pl.col("verb"), mark, pl.format(" {}", _form()).fill_null(""))
    raw = (
        first.group_by("sess", maintain_order=True)
        .agg(tokens.alias("raw"))
        .select("sess", pl.col("raw").list.join(","))
    )
    texts = raw["raw"].unique()
    hashes = pl.Series([hashlib.sha256(text.encode()).hexdigest()[:12] for text in texts], dtype=pl.String)
    hashed = pl.col("raw").replace_strict(texts, hashes, return_dtype=pl.String)
    return raw.select("sess", hashed.alias("dialect"), pl.col("raw").alias("dialect_raw"))


def _form() -> pl.Expr:
    """Return how the argument of a command is written, null where that says nothing."""
    verb, arg = pl.col("verb"), pl.col("arg")
    return (
        pl.when(verb.is_in(["EHLO", "HELO"])).then(_name_form(arg))
        .when(verb == "MAIL").then("spelling")
        .when(verb == "RCPT").then(pl.col("spelling").str.replace("(?i)from", "TO"))
        .when(verb == "AUTH").then(arg)
    )  # fmt: skip


def _name_form(arg: pl.Expr) -> pl.Expr:
    return (
        pl.when(arg.str.contains(r"^\[[0-9.]+\]$")).then(pl.lit("[ipv4]"))
        .when(arg.str.contains(r"(?i)^\[ipv6:")).then(pl.lit("[ipv6]"))
        .when(arg.str.contains(r"^[0-9.]+$")).then(pl.lit("ipv4"))
        .when(arg.str.contains(r"(?i)^[a-z0-9_-]+$")).then(pl.lit("label"))
        .when(arg.str.contains(r"(?i)^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\.?$")).then(pl.lit("fqdn"))
        .otherwise(pl.lit("other"))
    )  # fmt: skip
