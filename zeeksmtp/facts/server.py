"""What each server port shows of itself over all its sessions."""

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables

_KEY = ("server", "port")


def _answers(tables: Tables, verb: str) -> pl.LazyFrame:
    """By port, whether a question of that verb was answered by confirming or denying a name."""
    contrast = tables["contrast"].filter(pl.col("verb") == verb).select("server", contrast=pl.lit(value=True))
    tells = pl.col("confirmed") | pl.col("unknown") | pl.col("ambiguous") & pl.col("contrast").fill_null(value=False)
    answers = tables["answer"].filter(pl.col("verb") == verb).join(contrast, on="server", how="left")
    return answers.select(*_KEY, tells.alias(f"answers_{verb.lower()}"))


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per server and port."""
    shown = (
        tables["pair"]
        .group_by(_KEY)
        .agg(
            pl.col("first").min(),
            pl.col("last").max(),
            pl.col("sessions").sum(),
            pl.col("client").n_unique().cast(pl.UInt64).alias("clients"),
            pl.col("tls_sessions").sum(),
            pl.col("starttls_offered").max(),
            pl.col("auth_offered_in_clear").max(),
            pl.col("direction").is_in(["inbound", "internal"]).max().alias("local"),
            (pl.col("direction") == "inbound").max().alias("faces_outside"),
        )
        .join(tables["greeting"].select(*_KEY, "banner", "host_name"), on=list(_KEY), how="left")
    )
    for verb in ("VRFY", "EXPN"):
        shown = shown.join(_answers(tables, verb), on=list(_KEY), how="left")
    return shown.select(column.name for column in FACT.columns)


FACT = Fact(
    name="server",
    doc="One row per server and port: what it showed of itself.",
    columns=(
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("first", "time", "start of its first session"),
        Column("last", "time", "start of its last session"),
        Column("sessions", "count", "sessions"),
        Column("clients", "count", "distinct clients"),
        Column("tls_sessions", "count", "sessions in which TLS came up"),
        Column("starttls_offered", "bool", "STARTTLS was offered at least once; null: not visible"),
        Column("auth_offered_in_clear", "bool", "PLAIN or LOGIN was offered before TLS; null: not visible"),
        Column("answers_vrfy", "bool", "VRFY was answered by confirming or denying a name; null: never queried"),
        Column("answers_expn", "bool", "EXPN likewise"),
        Column("local", "bool", "the server is one of the site's own"),
        Column("faces_outside", "bool", "a client from outside reached it"),
        Column("banner", "string", "its latest greeting"),
        Column("host_name", "string", "the name in its greeting"),
    ),
    needs=("pair", "greeting", "answer", "contrast"),
    plan=plan,
)
