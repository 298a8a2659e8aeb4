"""What TLS handshakes on SMTP ports agreed on. Of a server these rows are few: hardly anything differs."""

import polars as pl

from zeeksmtp.expressions.connections import deduplicated, first_seen, seen_first
from zeeksmtp.facts._merging import where_several
from zeeksmtp.model import Column, Context, Fact, Tables

MAX_CLIENTS = 20
IS_OLD = pl.col("version").is_in(["SSLv2", "SSLv3", "TLSv10", "TLSv11"]).fill_null(value=False)
"""Versions that RFC 6176, RFC 7568 and RFC 8996 forbid."""
HAS_BROKEN_CIPHER = (
    pl.col("cipher").str.contains(r"_NULL_|_NULL$|_EXPORT|_anon_|_RC4_|_DES_|_DES40_|_RC2_").fill_null(value=False)
)
"""No encryption or authentication, or keys that can be found: RFC 9325 (4.2.1) and RFC 7465 forbid them."""
HAS_WEAK_CIPHER = HAS_BROKEN_CIPHER | pl.col("cipher").str.contains("_3DES_", literal=True).fill_null(value=False)
"""RFC 9325 (4.2.1) advises against 3DES, too: less than 128 bits of security."""
IS_BROKEN = HAS_BROKEN_CIPHER | pl.col("version").is_in(["SSLv2", "SSLv3"]).fill_null(value=False)
"""Protects little against somebody on the path."""
_KEY = ("server", "port", "direction", "version", "cipher", "server_name", "certificate")


def is_weak() -> pl.Expr:
    """Match handshakes on an old version or a weak cipher suite."""
    return IS_OLD | HAS_WEAK_CIPHER


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row per server, port and what was agreed on, of handshakes in the window that got an answer."""
    chain = pl.coalesce(pl.col(name).list.first() for name in ("cert_chain_fps", "cert_chain_fuids"))
    answered = deduplicated(tables, "ssl").filter(context.window.covers(), pl.col("version").is_not_null())
    rows = answered.with_columns(chain.alias("certificate"), pl.col("server_name").str.to_lowercase())
    return rows.group_by(_KEY).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("sessions"),
        pl.col("established").fill_null(value=False).sum().cast(pl.UInt64).alias("completed"),
        pl.col("client").unique().sort().head(MAX_CLIENTS).alias("first_clients"),
        first_seen(lines=True, name="shown"),
    )


def _sums(days: pl.LazyFrame) -> pl.LazyFrame:
    return days.group_by(_KEY).agg(
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("sessions", "completed").sum(),
        pl.col("first_clients").explode().drop_nulls().unique().sort().head(MAX_CLIENTS),
        seen_first("shown"),
    )


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    return where_several(days, _KEY, [column.name for column in FACT.columns], _sums)


FACT = Fact(
    name="handshake",
    doc="One row per server, port, TLS version, cipher suite, name asked for and certificate.",
    columns=(
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("direction", "string", "inbound, outbound, internal, external or unknown"),
        Column("version", "string", "TLS version agreed on"),
        Column("cipher", "string", "cipher suite agreed on"),
        Column("server_name", "string", "name that the clients asked for (SNI), lower case"),
        Column("certificate", "string", "fingerprint or file id of the server's certificate; null in TLS 1.3"),
        Column("first", "time", "first such handshake"),
        Column("last", "time", "last such handshake"),
        Column("sessions", "count", "such handshakes"),
        Column("completed", "count", "of these, completed"),
        Column("first_clients", "vector[addr]", "first 20 clients in order of address"),
        Column("shown", "vector[seen]", "first 20 of these by (ts, uid)"),
    ),
    needs=("connection", "ssl"),
    plan=plan,
    daily=True,
    merge=_merged,
)
