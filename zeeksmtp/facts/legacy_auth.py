"""Hosts of the site that hand mail to a provider in a way that the provider ends, or lets administrators end."""

import polars as pl

from zeeksmtp.expressions.connections import seen_first
from zeeksmtp.expressions.lists import values, values_of_lists
from zeeksmtp.model import SUBMISSION_PORTS, Column, Context, Fact, Tables
from zeeksmtp.services.providers import ALL_NAMES

_KEY = ("client", "provider", "port", "method")
_OAUTH = ("XOAUTH2", "OAUTHBEARER")
_LISTS = ("versions", "senders", "accounts", "mechanisms", "replies")


def _sessions(tables: Tables) -> pl.LazyFrame:
    """Name the provider: by what the session shows, else by the answers of name servers, else by its address."""
    named = (
        tables["provider"]
        .sort("last", "provider", "submission")
        .unique("server", keep="last", maintain_order=True)
        .select("server", answered="provider", looked_up="name", submission="submission")
    )
    roles = tables["role"].select(client="host", role="role")
    by_name = pl.when(pl.col("basis") == "name").then("provider")
    return (
        tables["provider_session"]
        .join(named, on="server", how="left")
        .join(roles, on="client", how="left")
        .with_columns(
            pl.coalesce(by_name, "answered", "provider").alias("provider"),
            (by_name.is_not_null() | pl.col("answered").is_not_null()).alias("by_name"),
            pl.coalesce("server_name", "looked_up").alias("name"),
        )
        .filter(pl.col("provider").is_not_null())
    )


def _method() -> pl.Expr:
    """Return the method. A mail server that delivers to a provider's customers is none of these."""
    oauth = pl.col("mechanisms").list.eval(pl.element().is_in(_OAUTH))
    only_oauth = (oauth.list.len() > 0) & oauth.list.all()
    named = pl.col("submission") | pl.col("name").is_in(ALL_NAMES)
    to_login = pl.col("port").is_in(SUBMISSION_PORTS) | named.fill_null(value=False)
    device = pl.col("role").is_in(["appliance", "workstation"])
    direct = (pl.col("own_mails") > 0) | pl.col("replies").list.contains("5.7.68") | device
    return (
        pl.when(to_login & ~only_oauth.fill_null(value=False))
        .then(pl.lit("SMTP AUTH"))
        .when(~to_login & direct)
        .then(pl.lit("direct send"))
    )


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per host, provider, port and method."""
    sessions = _sessions(tables).with_columns(_method().alias("method")).filter(pl.col("method").is_not_null())
    rows = sessions.group_by(_KEY).agg(
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("sessions", "tls_sessions").sum(),
        pl.col("by_name").any(),
        values("server").alias("first_servers"),
        values("name").alias("names"),
        *(values_of_lists(name) for name in _LISTS),
        seen_first("shown"),
    )
    return rows.select(column.name for column in FACT.columns)


FACT = Fact(
    name="legacy_auth",
    doc="One row per host of the site, mail provider, port and legacy method: what breaks when the provider ends it.",
    columns=(
        Column("client", "addr", "the host of the site"),
        Column("provider", "string", "the mail provider"),
        Column("port", "port", "port of its servers"),
        Column("method", "string", "SMTP AUTH or direct send"),
        Column("first", "time", "start of the first session"),
        Column("last", "time", "start of the last session"),
        Column("sessions", "count", "sessions"),
        Column("tls_sessions", "count", "of these, with TLS"),
        Column("by_name", "bool", "a name shows the provider; else its address range alone"),
        Column("first_servers", "vector[addr]", "servers; at most 20"),
        Column("names", "vector[string]", "names of the servers, as requested in TLS or looked up; at most 20"),
        Column("versions", "vector[string]", "TLS versions"),
        Column("senders", "vector[string]", "envelope senders, as far as visible; at most 20"),
        Column("accounts", "vector[string]", "accounts, as far as visible; at most 20"),
        Column("mechanisms", "vector[string]", "AUTH mechanisms, as far as visible"),
        Column("replies", "vector[string]", "status codes of refusals of legacy methods"),
        Column("shown", "vector[seen]", "first 20 sessions by (ts, uid)"),
    ),
    needs=("provider", "provider_session", "role"),
    plan=plan,
)
