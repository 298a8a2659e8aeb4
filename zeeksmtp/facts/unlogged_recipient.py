"""Recipients that a server accepted and smtp_cmd.log may lack: with `log_bulk` = F only the session counts them."""

import polars as pl

from zeeksmtp.facts._reply import VERBS
from zeeksmtp.model import Column, Context, Fact, Tables

_PAIR = ("client", "server")


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per session with more accepted recipients than are logged, or with VRFY or EXPN beside them."""
    verb, accepts = pl.col("command"), pl.col("reply_code").is_in([250, 251])
    logged = ((verb == "RCPT") & accepts).sum().cast(pl.UInt64).alias("rcpt_logged")
    questions = tables["command"].filter(verb.is_in(VERBS)).group_by("uid", *_PAIR)
    counted = questions.agg(logged, (verb != "RCPT").any().alias("direct"))
    sessions = tables["session"].select("uid", *_PAIR, "ts", pl.col("rcpt_accepted").fill_null(0))
    more = pl.col("rcpt_accepted") > pl.col("rcpt_logged")
    joined = sessions.join(counted, on=["uid", *_PAIR]).filter(more | pl.col("direct") & (pl.col("rcpt_accepted") > 0))
    return joined.select(column.name for column in FACT.columns)


FACT = Fact(
    name="unlogged_recipient",
    doc="One row per session with accepted recipients that smtp_cmd.log may lack.",
    columns=(
        Column("ts", "time", "start of the session"),
        Column("client", "addr", "the client"),
        Column("server", "addr", "the server"),
        Column("rcpt_accepted", "count", "recipients accepted"),
        Column("rcpt_logged", "count", "of these in smtp_cmd.log"),
        Column("direct", "bool", "VRFY or EXPN was used, too: then recipients of a relay count as queries of its own"),
    ),
    needs=("session", "command"),
    plan=plan,
    daily=True,
)
