"""What each server port shows of itself over all its sessions."""

import polars as pl

from zeeksmtp.model import Column, Fact, Site, Tables

_KEY = ("server", "port")
PASSWORD_MECHANISMS = ("PLAIN", "LOGIN")
"""SASL mechanisms that send the password itself (RFC 4616; LOGIN was never standardised)."""


def _answers(verb: str) -> pl.Expr:
    asked = pl.col("verdict").filter(pl.col("verb") == verb)
    return pl.when(asked.len() > 0).then(asked.is_in(["confirmed", "unknown"]).any()).alias(f"answers_{verb.lower()}")


def _greetings(session: pl.LazyFrame) -> pl.LazyFrame:
    """The latest greeting of each port, and the latest name in one: of the few wordings, not of all sessions."""
    host = (
        pl.col("banner").str.extract(r"^(?:\d\.\d\.\d )?([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?:\s|$)").str.to_lowercase()
    )
    wordings = session.filter(pl.col("banner").is_not_null()).group_by(*_KEY, "banner").agg(pl.col("ts").max())
    latest = wordings.sort("ts", "banner").group_by(_KEY)
    return latest.agg(pl.col("banner").last(), host.drop_nulls().last().alias("host_name"))


def plan(tables: Tables, _site: Site) -> pl.LazyFrame:
    """Give one row per server and port."""
    offered = pl.col("mechanisms_offered")
    passwords = pl.any_horizontal(offered.list.contains(mechanism) for mechanism in PASSWORD_MECHANISMS)
    in_clear = pl.when(pl.col("seen") & ~pl.col("implicit_tls")).then(passwords.fill_null(value=False))
    shown = (
        tables["session"]
        .with_columns(in_clear.alias("in_clear"))
        .group_by(_KEY)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("sessions"),
            pl.col("client").n_unique().cast(pl.UInt64).alias("clients"),
            pl.col("tls").fill_null(value=False).sum().cast(pl.UInt64).alias("tls_sessions"),
            pl.col("starttls_offered").max(),
            pl.col("in_clear").max().alias("auth_offered_in_clear"),
            pl.col("direction").is_in(["inbound", "internal"]).max().alias("local"),
            (pl.col("direction") == "inbound").max().alias("faces_outside"),
        )
        .join(_greetings(tables["session"]), on=list(_KEY), how="left")
    )
    answers = tables["query"].group_by(_KEY).agg(_answers("VRFY"), _answers("EXPN"))
    return shown.join(answers, on=list(_KEY), how="left").select(column.name for column in FACT.columns)


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
        Column("answers_vrfy", "bool", "VRFY was answered by confirming or denying a name; null: never asked"),
        Column("answers_expn", "bool", "EXPN likewise"),
        Column("local", "bool", "the server is one of the site's own"),
        Column("faces_outside", "bool", "a client from outside reached it"),
        Column("banner", "string", "its latest greeting"),
        Column("host_name", "string", "the name in its greeting"),
    ),
    needs=("session", "query"),
    plan=plan,
)
