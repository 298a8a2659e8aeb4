"""What servers answered to clients in clear about STARTTLS, day by day: a missing offer may be a stripped one."""

import hashlib
import re

import polars as pl

from zeeksmtp.expressions.connections import first_seen
from zeeksmtp.model import Column, Context, Fact, Tables

SIGNS = ("masked", "starred", "starttls_refused")
"""Signs of a device in between: a keyword or a greeting of X or *, and STARTTLS answered with an error."""
_KEY = ("server", "port", "day", "client", *SIGNS, "ehlo", "judged")
_MASKED = r"^X{7}[A-Z]$"  # as long as STARTTLS
_STARRED = r"^\*{3,}[* ]*$"
_STARTTLS = "STARTTLS"
_MAX_PLACES = 20  # of a client's day at a server: its answer to EHLO has few wordings
_PLACES = ("masks", "starttls_at", "others_at")
_PLACE_LISTS = dict.fromkeys(_PLACES, pl.List(pl.UInt64))
_WORDING = pl.Struct({"answer": pl.UInt64, **_PLACE_LISTS})


def _each_wording(capabilities: pl.Series) -> pl.Series:
    """Return `answer` and the columns of `_PLACES` of each list of capabilities: many sessions have few wordings."""
    lists = capabilities.fill_null([]).alias("lists").to_frame().with_columns(text=pl.col("lists").list.join("\n"))
    besides = pl.element().filter((pl.element() != _STARTTLS) & ~pl.element().str.contains(_MASKED))
    each = lists.unique("text").select(
        "text",
        pl.col("lists").list.eval(besides).list.sort().list.join("|").hash().alias("answer"),
        pl.col("lists").map_elements(_places, return_dtype=pl.Struct(_PLACE_LISTS)).alias("places"),
    )
    wordings = lists.select("text").join(each.unnest("places"), on="text", how="left", maintain_order="left")
    return wordings.select(pl.struct("answer", *_PLACES)).to_series()


def _places(capabilities: pl.Series) -> dict[str, list[int]]:
    """Return where keywords of eight letters stand in an answer to EHLO: as masks, as STARTTLS, as another keyword.

    A place is a hash of the lengths of all keywords and the number of the line: a mask keeps the length of what it
    hides.
    """
    keywords = [(line or "").split(" ")[0].upper() for line in capabilities]
    shape = " ".join(str(len(keyword)) for keyword in keywords)
    places: dict[str, list[int]] = {name: [] for name in _PLACES}
    for number, keyword in enumerate(keywords):
        if len(keyword) == len(_STARTTLS):
            masked = "masks" if re.match(_MASKED, keyword) else "others_at"
            place = hashlib.blake2b(f"{number} of {shape}".encode(), digest_size=8).digest()
            places["starttls_at" if keyword == _STARTTLS else masked].append(int.from_bytes(place))
    return places


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return sessions in which the server could have offered STARTTLS, summed up by day and sign."""
    offered = pl.col("starttls_offered").fill_null(value=False)
    sessions = (
        tables["session"]
        .filter(pl.col("seen"), ~pl.col("implicit_tls"))
        .select(
            *("ts", "uid", "client", "server", "port", "tls"),
            pl.col("auth_attempts").fill_null(0),
            pl.col("capabilities").map_batches(_each_wording, return_dtype=_WORDING).alias("wording"),
            (pl.col("banner").fill_null("").str.contains(_STARRED) & ~offered).alias("starred"),
            (pl.col("starttls_code") >= 400).fill_null(value=False).alias("starttls_refused"),
            (pl.col("capabilities").list.len() > 0).fill_null(value=False).alias("ehlo"),
            offered.alias("starttls_offered"),
            pl.col("ts").dt.truncate("1d").alias("day"),
            context.window.covers().alias("judged"),
        )
        .unnest("wording")
        .with_columns(((pl.col("masks").list.len() > 0) & ~pl.col("starttls_offered")).alias("masked"))
    )
    sums = sessions.group_by(_KEY).agg(
        pl.col("starttls_offered").any(),
        pl.col("answer").max(),
        *(pl.col(places).explode().drop_nulls().unique().sort().head(_MAX_PLACES) for places in _PLACES),
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
        Column("masked", "bool", "a keyword as long as STARTTLS, which is not offered, is made of X"),
        Column("starred", "bool", "the greeting is made of *, and STARTTLS is not offered"),
        Column("starttls_refused", "bool", "STARTTLS was answered with 4xx or 5xx"),
        Column("ehlo", "bool", "EHLO was answered"),
        Column("judged", "bool", "the sessions lie in the window of the report; earlier ones are history"),
        Column("starttls_offered", "bool", "STARTTLS was offered"),
        Column("answer", "count", "hash of what else was answered to EHLO"),
        Column("masks", "vector[count]", "hashes of the places of masks in the answer"),
        Column("starttls_at", "vector[count]", "of the place of STARTTLS"),
        Column("others_at", "vector[count]", "of the places of other keywords of its length"),
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
