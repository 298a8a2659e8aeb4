"""What servers answered to clients in clear about STARTTLS, day by day: a missing offer may be a stripped one."""

import polars as pl

from zeeksmtp.facts._common import first_seen
from zeeksmtp.model import Column, Context, Fact, Tables

SIGNS = ("masked", "starred", "starttls_refused")
"""Signs of a device in between: a keyword or a greeting of X or *, and STARTTLS answered with an error."""
_KEY = ("server", "port", "day", "client", *SIGNS, "ehlo", "judged")
_MASKED = r"^X{3,}[A-Z]?$"
_STARRED = r"^\*{3,}[* ]*$"
_WORDING = pl.Struct({"masked": pl.Boolean, "answer": pl.UInt64})


def _each_wording(capabilities: pl.Series) -> pl.Series:
    """Return `masked` and `answer` of each list of capabilities: many sessions have few wordings."""
    lists = capabilities.fill_null([]).alias("lists").to_frame().with_columns(text=pl.col("lists").list.join("\n"))
    is_masked = pl.element().str.contains(_MASKED)
    besides = pl.element().filter((pl.element() != "STARTTLS") & ~is_masked)
    each = lists.unique("text").select(
        "text",
        pl.col("lists").list.eval(is_masked).list.any().alias("masked"),
        pl.col("lists").list.eval(besides).list.sort().list.join("|").hash().alias("answer"),
    )
    wordings = lists.select("text").join(each, on="text", how="left", maintain_order="left")
    return wordings.select(pl.struct("masked", "answer")).to_series()


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return sessions in which the server could have offered STARTTLS, summed up by day and sign."""
    sessions = (
        tables["session"]
        .filter(pl.col("seen"), ~pl.col("implicit_tls"))
        .select(
            *("ts", "uid", "client", "server", "port", "tls"),
            pl.col("auth_attempts").fill_null(0),
            pl.col("capabilities").map_batches(_each_wording, return_dtype=_WORDING).alias("wording"),
            pl.col("banner").fill_null("").str.contains(_STARRED).alias("starred"),
            (pl.col("starttls_code") >= 400).fill_null(value=False).alias("starttls_refused"),
            (pl.col("capabilities").list.len() > 0).fill_null(value=False).alias("ehlo"),
            pl.col("starttls_offered").fill_null(value=False),
            pl.col("ts").dt.truncate("1d").alias("day"),
            context.window.covers().alias("judged"),
        )
        .unnest("wording")
    )
    sums = sessions.group_by(_KEY).agg(
        (pl.col("starttls_offered") | pl.col("masked")).any(),
        pl.col("answer").max(),
        pl.col("tls").fill_null(value=False).any(),
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("sessions"),
        pl.col("auth_attempts").sum(),
    )
    wrong = sessions.filter(pl.any_horizontal(*SIGNS, ~pl.col("starttls_offered")))
    sightings = wrong.group_by(_KEY).agg(first_seen(name="sightings"))
    return sums.join(sightings, on=list(_KEY), how="left").select(column.name for column in FACT.columns)


FACT = Fact(
    name="starttls_offer",
    doc="One row per server port, UTC day, client, and what it was answered in clear about STARTTLS.",
    columns=(
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("day", "time", "the UTC day"),
        Column("client", "addr", "the client"),
        Column("masked", "bool", "a keyword of the answer to EHLO is made of X: it had been an offer"),
        Column("starred", "bool", "the greeting is made of *"),
        Column("starttls_refused", "bool", "STARTTLS was answered with 4xx or 5xx"),
        Column("ehlo", "bool", "EHLO was answered"),
        Column("judged", "bool", "the sessions lie in the window of the report; earlier ones are history"),
        Column("starttls_offered", "bool", "STARTTLS was offered, or masked"),
        Column("answer", "count", "hash of what else was answered to EHLO"),
        Column("tls", "bool", "TLS came up"),
        Column("first", "time", "start of the first of these sessions"),
        Column("last", "time", "start of the last"),
        Column("sessions", "count", "sessions"),
        Column("auth_attempts", "count", "AUTH exchanges in clear"),
        Column("sightings", "vector[seen]", "first 20 sessions by (ts, uid); null where nothing is wrong"),
    ),
    needs=("session",),
    plan=plan,
    daily=True,
)
