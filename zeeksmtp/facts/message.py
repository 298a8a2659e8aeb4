"""Mails as smtp.log has them: one row per transaction that named a sender or a recipient."""

import polars as pl

from zeeksmtp.expressions.connections import PARTIES, deduplicated
from zeeksmtp.model import Column, Context, Fact, Tables

_QUEUED = r"(?i)^250[ -].*(?:queue|accepted for|message accepted|delivered|\bid=|2\.6\.\d|\bid [\w-]{6,})"
_ABOUT_ADDRESS = r"^\d{3}[ -]\d\.1\.\d"


def _bare(address: pl.Expr) -> pl.Expr:
    return address.str.strip_chars("<> ").str.to_lowercase()


def _domains(addresses: pl.Expr) -> pl.Expr:
    domain = pl.element().str.extract(r"@([^@>\s]+)>?\s*$").str.to_lowercase().str.strip_chars_end(".")
    return _distinct(addresses.list.eval(domain).list.drop_nulls())


def _distinct(lists: pl.Expr) -> pl.Expr:
    """Sort the lists and make each value unique. Most mails have one recipient, and cost nothing here."""
    return lists.map_batches(_each_distinct, return_dtype=pl.List(pl.String))


def _each_distinct(lists: pl.Series) -> pl.Series:
    several = (lists.list.len() > 1).fill_null(value=False)
    rest = lists.filter(several).list.unique().list.sort()
    places = pl.concat([(~several).arg_true(), several.arg_true()])
    return pl.concat([lists.filter(~several), rest]).gather(places.arg_sort()) if len(rest) else lists


def _content() -> pl.Expr:
    """Return whether the content of a mail was sent; null where it cannot be known.

    A mail without a body, or of headers only, has no `fuids`: what the server answered tells. It names what it queued,
    or has the status of a mail (RFC 3463: x.1.x is about addresses); "250 Ok" alone may also answer RSET.
    """
    code, reply = pl.col("code"), pl.col("last_reply").fill_null("")
    session = pl.col("messages_accepted") + pl.col("messages_refused").fill_null(0) > 0
    return (
        pl.when(pl.col("fuids").list.len() > 0)
        .then(statement=True)
        .when(pl.col("rcptto").list.len().fill_null(0) == 0)
        .then(statement=False)
        .when((code == 354) | (code == 250) & reply.str.contains(_QUEUED))
        .then(statement=True)
        .when(reply.str.contains(_ABOUT_ADDRESS) | (pl.col("fuids").list.len() == 0) & code.ne_missing(250))
        .then(statement=False)
        .otherwise(session)
    )


def _attachments(mails: pl.LazyFrame, files: pl.LazyFrame) -> pl.LazyFrame:
    """Return the size of the largest part of a mail (columns `session`, `trans_depth`) that is no text."""
    parts = files.filter(~pl.col("mime_type").str.starts_with("text/").fill_null(value=True))
    named = mails.select("session", "trans_depth", fuid="fuids").explode("fuid")
    sizes = named.join(parts.select("fuid", "seen_bytes"), on="fuid")
    return sizes.group_by("session", "trans_depth").agg(pl.col("seen_bytes").max().alias("attachment_bytes"))


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per mail. `last_reply` of a mail whose content was seen answers that content."""
    sessions = tables["session"].select("session", "tls", "messages_accepted", "messages_refused", started="ts")
    mails = deduplicated(tables, "smtp", "trans_depth").filter(
        pl.col("mailfrom").is_not_null() | pl.col("rcptto").is_not_null()
    )
    sender = _bare(pl.col("mailfrom"))
    code = pl.col("last_reply").str.extract(r"^(\d{3})(?:[ -]|$)").cast(pl.UInt64)
    return (
        mails.drop("tls")
        .join(sessions, on="session", how="left")
        .join(_attachments(mails, tables["files"]), on=["session", "trans_depth"], how="left")
        .with_columns(
            sender.alias("sender"),
            sender.str.extract(r"@([^@]+)$").alias("sender_domain"),
            pl.col("rcptto").list.len().fill_null(0).cast(pl.UInt64).alias("recipients"),
            _distinct(pl.col("rcptto").list.eval(_bare(pl.element()))).fill_null([]).alias("recipient_names"),
            _domains(pl.col("rcptto")).fill_null([]).alias("recipient_domains"),
            pl.col("from").alias("author"),
            pl.col("from_domain").alias("author_domain"),
            code.alias("code"),
            code.alias("reply_code"),
            pl.col("last_reply").alias("reply_msg"),
        )
        .with_columns(_content().alias("content"))
        .with_columns(
            ((code == 250) & pl.col("content").fill_null(value=True)).fill_null(value=False).alias("accepted")
        )
        .select(column.name for column in FACT.columns)
    )


FACT = Fact(
    name="message",
    doc="One row per mail transaction that was visible (mails inside TLS are not).",
    columns=(
        *PARTIES,
        Column("started", "time", "start of its session"),
        Column("trans_depth", "count", "number of the transaction within the connection"),
        Column("helo", "string", "what the client called itself"),
        Column("sender", "string", "envelope sender, lower case; empty for a bounce"),
        Column("sender_domain", "string", "its domain"),
        Column("author", "string", "a hash of name and address in the From header"),
        Column("author_domain", "string", "a hash of the domain of that address"),
        Column("recipients", "count", "envelope recipients, accepted or not; Zeek >= 8.1 logs 100 at most"),
        Column("recipient_names", "vector[string]", "their addresses, lower case"),
        Column("recipient_domains", "vector[string]", "their domains"),
        Column("attachment_bytes", "count", "size of its largest part that is no text; null without files.log"),
        Column("content", "bool", "the content of a mail was sent; null: cannot be known"),
        Column("accepted", "bool", "the server took the mail"),
        Column("reply_code", "count", "code of the last reply"),
        Column("reply_msg", "string", "the last reply"),
        Column("tls", "bool", "TLS came up in the session"),
    ),
    needs=("connection", "session", "smtp", "files"),
    plan=plan,
    daily=True,
)
