"""AUTH exchanges in clear: who logged in where, with which kind of secret, and the outcome."""

import polars as pl

from zeeksmtp.expressions.connections import PARTIES, deduplicated
from zeeksmtp.facts._account import normal_account
from zeeksmtp.model import Column, Context, Fact, Tables


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per AUTH exchange."""
    exchanges = deduplicated(tables, "smtp_auth", "seq").join(tables["host_name"], on="server", how="left")
    crosses = pl.col("direction").is_in(["inbound", "outbound", "external"])
    # Without an authcid the server takes the authzid for it (RFC 4616 section 2 forbids that; clients do it).
    named = pl.when(pl.col("user").fill_null("") != "").then("user").otherwise(pl.coalesce("authzid", "user"))
    account = normal_account(pl.col("user"), pl.col("host_name"))
    return (
        exchanges.with_columns(named.alias("user"), crosses.alias("crosses"))
        .with_columns(account.alias("account"))
        .select(column.name for column in FACT.columns)
    )


FACT = Fact(
    name="auth",
    doc="One row per AUTH exchange that went by in clear.",
    columns=(
        *PARTIES,
        Column("seq", "count", "number of the AUTH command within the connection"),
        Column("crosses", "bool", "the path leaves the site's own networks"),
        Column("mechanism", "string", "SASL mechanism"),
        Column("initial_response", "bool", "credentials came with the command itself"),
        Column("user", "string", "who logged in, as logged; where no user was named, on whose behalf"),
        Column("account", "string", "the normal form of `user`"),
        Column("authzid", "string", "on whose behalf"),
        Column("secret_kind", "string", "password, hash, token, ticket, none, undecodable"),
        Column("secret_length", "count", "bytes of the password"),
        Column("secret_hash", "string", "keyed hash of the secret; never leaves the lake"),
        Column("server_names", "vector[string]", "NTLM: host and domain names that the server disclosed"),
        Column("outcome", "string", "success, failure, rejected, aborted, unknown"),
        Column("reply_code", "count", "code of the reply that ended it"),
        Column("reply_status", "string", "its enhanced status"),
        Column("mechanisms_offered", "vector[string]", "what the server offered"),
        Column("starttls_offered", "bool", "the server had offered STARTTLS"),
    ),
    needs=("connection", "smtp_auth", "host_name"),
    plan=plan,
    daily=True,
)
