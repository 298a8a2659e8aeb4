"""What each host is for, learned from what it does; config overrides.

First form: who answers SMTP is a server (`relay` on port 25, else `submission-server`); who delivers to many servers
for days under one name is a relay too; a local host that only submits is a `workstation`; the rest is `other`.
"""

import polars as pl

from zeeksmtp.model import Column, Fact, Site, Tables

# A relay that never answers (outbound only) shows itself by regularity. Below a working week, or below as many servers
# as a newsletter would reach, a host that sends is not called a relay: that would hide a young spam bot.
_RELAY_DAYS = 5
_RELAY_SERVERS = 10
_RELAY_REFUSED = 0.1
_WORKSTATION_SERVERS = 3


def _answering(tables: Tables) -> pl.LazyFrame:
    spoke = pl.col("banner").is_not_null() | (pl.col("resp_bytes").fill_null(0) > 0) & pl.col("service").is_not_null()
    return (
        tables["session"]
        .filter(spoke)
        .group_by(pl.col("server").alias("host"))
        .agg(
            (pl.col("port").is_in([25, 26])).any().alias("on_25"),
            pl.col("client").n_unique().alias("clients"),
            pl.col("direction").is_in(["inbound", "internal"]).max().alias("local_server"),
        )
    )


def _sending(tables: Tables) -> pl.LazyFrame:
    refused = pl.sum_horizontal(pl.col("rcpt_unknown", "rcpt_refused", "messages_refused").fill_null(0)) > 0
    outside = pl.col("direction").is_in(["outbound", "external"])
    return (
        tables["session"]
        .group_by(pl.col("client").alias("host"))
        .agg(
            pl.col("ts").filter(outside).dt.date().n_unique().alias("days"),
            pl.col("server").n_unique().alias("all_servers"),
            pl.col("server").filter(outside).n_unique().alias("servers"),
            pl.col("helo").drop_nulls().n_unique().alias("names"),
            refused.mean().alias("refused"),
            pl.col("direction").is_in(["outbound", "internal"]).max().alias("local_client"),
        )
    )


def _learned() -> tuple[pl.Expr, pl.Expr]:
    answers = pl.col("clients").fill_null(0) > 0
    steady = (
        (pl.col("days") >= _RELAY_DAYS)
        & (pl.col("servers") >= _RELAY_SERVERS)
        & (pl.col("names") <= 1)
        & (pl.col("refused") < _RELAY_REFUSED)
    )
    submits = pl.col("local") & (pl.col("all_servers") < _WORKSTATION_SERVERS)
    role = (
        pl.when(answers & pl.col("on_25"))
        .then(pl.lit("relay"))
        .when(answers)
        .then(pl.lit("submission-server"))
        .when(steady)
        .then(pl.lit("relay"))
        .when(submits)
        .then(pl.lit("workstation"))
        .otherwise(pl.lit("other"))
    )
    reason = (
        pl.when(answers)
        .then(pl.format("answers SMTP to {} client(s)", "clients"))
        .when(submits)
        .then(pl.format("only submits, to {} server(s)", "all_servers"))
        .otherwise(
            pl.format("delivers to {} outside server(s) on {} day(s), {} HELO name(s)", "servers", "days", "names")
        )
    )
    return role, reason


def plan(tables: Tables, site: Site) -> pl.LazyFrame:
    """Give one row per host that spoke or answered SMTP."""
    override = pl.LazyFrame(list(site.roles), schema={"host": pl.String, "set_role": pl.String}, orient="row")
    hosts = _answering(tables).join(_sending(tables), on="host", how="full", coalesce=True)
    role, reason = _learned()
    return (
        hosts.with_columns(
            pl.any_horizontal(pl.col("local_server", "local_client").fill_null(value=False)).alias("local")
        )
        .with_columns(role.alias("role"), reason.alias("reason"))
        .join(override, on="host", how="full", coalesce=True)
        .with_columns(
            pl.col("local").fill_null(value=False),
            pl.coalesce("set_role", "role").alias("role"),
            pl.when(pl.col("set_role").is_not_null())
            .then(pl.lit("set in config"))
            .otherwise(pl.col("reason"))
            .alias("reason"),
        )
        .select(column.name for column in FACT.columns)
    )


FACT = Fact(
    name="role",
    doc="One row per host: what it is for, and why we think so.",
    columns=(
        Column("host", "addr", "the host"),
        Column("local", "bool", "one of the site's own"),
        Column("role", "string", "relay, submission-server, workstation, other; or what config says"),
        Column("reason", "string", "what it was learned from"),
    ),
    needs=("session",),
    plan=plan,
)
