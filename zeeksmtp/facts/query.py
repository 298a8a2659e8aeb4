"""VRFY, EXPN and RCPT as queries for a mailbox name, with the verdict of the server's reply."""

import polars as pl

from zeeksmtp.expressions.connections import ENDS, PARTIES
from zeeksmtp.facts._reply import VERBS, queried_name, verdict
from zeeksmtp.model import Column, Context, Fact, Tables


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per query that names somebody.

    A verdict rests on contrast: 252, or a recipient's 250, confirms a name only where the same server rejects other
    names of the same verb as unknown.
    """
    queries = tables["command"].filter(pl.col("command").is_in(VERBS)).rename({"command": "verb"})
    contrast = tables["contrast"].with_columns(contrast=pl.lit(value=True))
    confirms = (pl.col("verdict") == "ambiguous") & pl.col("contrast").fill_null(value=False)
    names = tables["session"].select("uid", *ENDS, "helo")
    return (
        queries.join(names, on=["uid", *ENDS], how="left")
        .with_columns(queried_name().alias("name"), verdict().alias("verdict"))
        .join(contrast, on=["server", "verb"], how="left")
        .filter(pl.col("name") != "")  # a VRFY without a name, a bounce's RCPT TO:<>
        .with_columns(pl.when(confirms).then(pl.lit("confirmed")).otherwise(pl.col("verdict")).alias("verdict"))
        .select(column.name for column in FACT.columns)
    )


FACT = Fact(
    name="query",
    doc="One row per VRFY, EXPN or RCPT, as a query for a mailbox name.",
    columns=(
        *PARTIES,
        Column("seq", "count", "number of the command within the connection"),
        Column("verb", "string", "VRFY, EXPN or RCPT"),
        Column("name", "string", "the queried name in its normal form"),
        Column(
            "verdict",
            "string",
            "confirmed, unknown, ambiguous, refused (policy, not available), deferred (4xx), none",
        ),
        Column("helo", "string", "what the client called itself"),
        Column("reply_code", "count", "code of the reply"),
        Column("reply_status", "string", "its enhanced status"),
        Column("disclosed", "vector[string]", "the disclosed addresses"),
    ),
    needs=("command", "contrast", "session"),
    plan=plan,
    daily=True,
)
