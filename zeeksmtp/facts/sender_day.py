"""What each envelope sender handed to each server, day by day: all that stock logs show of the use of an account."""

import polars as pl

from zeeksmtp.expressions.connections import first_seen
from zeeksmtp.facts._day import mail_hour
from zeeksmtp.model import RELAY_PORTS, SUBMISSION_PORTS, Column, Context, Fact, Tables

_KEY = ("sender", "client", "server", "port", "direction", "day")
"""Ports on which mail is passed on to other servers, and needs no login."""
_RECIPIENTS_A_MAIL = 10
# Lists, newsletters and daemons have senders of their own, and nobody's password.
_MACHINES = (
    r"^(?:[^@]*[-+._=])?(?:bounces?|owner|request|no-?reply|news(?:letter)?|mailer-daemon|postmaster)(?:[-+._=@]|$)"
)


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per sender of a mail that was not delivered from outside, client, server and day."""
    submitted = (pl.col("direction") != "inbound") | pl.col("port").is_in(SUBMISSION_PORTS)
    named = (pl.col("sender").fill_null("") != "") & ~pl.col("sender").str.contains(_MACHINES).fill_null(value=False)
    # One mail to a hundred people is one decision, not a hundred: recipients count up to ten for each mail.
    reached = pl.min_horizontal("recipients", pl.lit(_RECIPIENTS_A_MAIL, pl.UInt64))
    mails = tables["message"].filter(submitted, named, pl.col("content").fill_null(value=True))
    # Of mail that leaves the site only the client counts: with the world's servers there were as many rows as mails.
    sent_on = pl.col("direction").is_in(["outbound", "external"]) & pl.col("port").is_in(RELAY_PORTS)
    server = pl.when(~sent_on).then("server").alias("server")
    rows = (
        mails.with_columns(server)
        .group_by(*_KEY[:-1], mail_hour().dt.truncate("1d").alias("day"))
        .agg(
            pl.col("sender_domain").first(),
            pl.len().cast(pl.UInt64).alias("mails"),
            reached.sum().cast(pl.UInt64).alias("reached"),
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            first_seen(lines=True, name="first_sessions"),
        )
    )
    return rows.select(column.name for column in FACT.columns)


FACT = Fact(
    name="sender_day",
    doc="One row per envelope sender, client, server, port, direction and UTC day: the mails it handed over.",
    columns=(
        Column("sender", "string", "envelope sender, lower case; lists, newsletters and daemons are left out"),
        Column("client", "addr", "the client"),
        Column("server", "addr", "the server; null for mail on port 25 or 26 that leaves the site"),
        Column("port", "port", "its port"),
        Column("direction", "string", "inbound (ports 465, 587, 2525 only), outbound, internal, external or unknown"),
        Column("day", "time", "the UTC day; of a session over midnight that on which it began"),
        Column("sender_domain", "string", "domain of the sender"),
        Column("mails", "count", "mails"),
        Column("reached", "count", "their envelope recipients, at most ten for each mail"),
        Column("first", "time", "the first mail"),
        Column("last", "time", "the last mail"),
        Column("first_sessions", "vector[seen]", "the first 20 by (ts, uid)"),
    ),
    needs=("message",),
    plan=plan,
    daily=True,
)
