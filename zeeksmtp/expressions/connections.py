"""Columns and joins that more than one fact has."""

from collections.abc import Sequence

import polars as pl

from zeeksmtp.model import Column, Tables

PARTIES = (
    Column("ts", "time", "when it happened"),
    Column("uid", "string", "Zeek's id of the connection (of the first sensor's line, if several logged it)"),
    Column("client", "addr", "the side that speaks SMTP commands"),
    Column("client_port", "port", "its port"),
    Column("server", "addr", "the side that answers"),
    Column("port", "port", "its port"),
    Column("direction", "string", "inbound, outbound, internal, external or unknown"),
)
"""What every fact about a connection begins with."""

MIN_MAIL_BYTES_IN_TLS = 1000
"""Client bytes of a TLS session with mail, at least: recorded failed logins sent 773 to 803, the smallest mail 1026."""

ENDS = ("client", "client_port", "server", "port")
_NAMES = {"id.orig_h": "client", "id.orig_p": "client_port", "id.resp_h": "server", "id.resp_p": "port"}


def conn_key(uid: str = "uid", ends: Sequence[str] = ENDS) -> pl.Expr:
    """Return a connection's number: a hash of uid and ends, because a join on one integer costs a tenth of one on five.

    Uids alone repeat across sensors. Among ten million connections two share a number in one of 370,000 lakes.
    """
    return pl.struct(uid, *ends).hash()


def with_party_names(log: pl.LazyFrame) -> pl.LazyFrame:
    """Rename a log's connection columns to those of the facts."""
    return log.rename(_NAMES)


def with_conn_key(log: pl.LazyFrame) -> pl.LazyFrame:
    """Return a log with its connection columns named as in the facts, and `number`."""
    return with_party_names(log).with_columns(conn_key().alias("conn_key"))


def conn_key_in_log() -> pl.Expr:
    """Return the number of a connection from a log's own columns."""
    return conn_key(ends=tuple(_NAMES))


def deduplicated(tables: Tables, log: str, line: str | None = None) -> pl.LazyFrame:
    """Return the rows of a log, each once, with `direction`, the session's uid and its number (`session`).

    The same line of two sensors (or of a file and its copy) has the same ends and `ts` (and `line`, its number where
    one connection has several); of those the one with the smallest uid stays. Lines join their connection by its
    number; of one that was logged at both ends, at other times, the lines of one end stay.
    """
    same = [*ENDS, "ts", *([line] if line else [])]
    # Copies are rare: only rows whose hash is not unique are sorted.
    rows = with_conn_key(tables[log]).with_columns(pl.struct(same).hash().is_duplicated().alias("copied"))
    copied = rows.filter("copied").sort(*same, "uid", nulls_last=True)
    each = pl.concat([rows.filter(~pl.col("copied")), copied.unique(same, keep="first", maintain_order=True)])
    known = tables["connection"].select("conn_key", "session", "uid", "direction", "twin")
    joined = each.rename({"uid": "logged"}).drop("copied").join(known, on="conn_key", how="left", validate="m:1")
    return _of_one_end(joined).drop("conn_key", "logged", "twin")


def _of_one_end(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Drop, of connections that were logged at both ends, the lines of one: their times differ, so none is a copy."""
    twins = rows.filter("twin")
    one = twins.filter(pl.col("logged") == pl.col("logged").min().over("session"))
    return pl.concat([rows.filter(~pl.col("twin").fill_null(value=False)), one])


def first_uids() -> pl.Expr:
    """Give, within a group, the first 20 uids by (ts, uid)."""
    return pl.col("uid").sort_by("ts", "uid").unique(maintain_order=True).head(20)


def first_seen(where: pl.Expr | None = None, *, lines: bool = False, name: str = "seen") -> pl.Expr:
    """Return, within a group, the first 20 uids by (ts, uid), each with its `ts`: those of several days can be merged.

    `where`: only of rows for which it holds. `lines`: the rows are lines of connections, a uid may have several.
    `name`: of the column that they go to.
    """
    seen = pl.struct("ts", "uid")
    ordered = (seen if where is None else seen.filter(where)).sort()
    first = ordered.struct.field("uid").is_first_distinct()
    return (ordered.filter(first) if lines else ordered).head(20).alias(name)


def seen_first(name: str = "seen") -> pl.Expr:
    """Give, within a group of rows with lists of `first_seen`, the first 20 of all."""
    lists = pl.col(name).filter(pl.col(name).list.len() > 0)
    # They are in the 20 lists that begin first, because each is in order: of millions of rows few are unpacked.
    return lists.sort_by(lists.list.first()).head(20).explode().sort().head(20)


def first_uids_seen(name: str = "seen") -> pl.Expr:
    """Return, as `seen_first`, the uids alone, each once: those of rows among which a connection may be in several."""
    return pl.col(name).explode().drop_nulls().sort().struct.field("uid").unique(maintain_order=True).head(20)


def uids_seen(name: str = "seen") -> pl.Expr:
    """Return the uids of a list of `first_seen`."""
    return pl.col(name).list.eval(pl.element().struct.field("uid")).alias("uids")
