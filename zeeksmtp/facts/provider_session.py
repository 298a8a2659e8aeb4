"""How hosts of the site hand mail to servers that belong, or may belong, to a mail provider."""

from ipaddress import ip_network

import polars as pl

from zeeksmtp.expressions.connections import conn_key, deduplicated, first_seen, seen_first
from zeeksmtp.expressions.direction import in_nets
from zeeksmtp.expressions.lists import values, values_of_lists
from zeeksmtp.model import SUBMISSION_PORTS, Column, Context, Fact, Tables
from zeeksmtp.services.providers import PROVIDERS, Provider

REFUSALS = {
    "5.7.30": "basic authentication is no longer supported",
    "5.7.68": "the organisation does not accept direct send",
    "5.7.139": "basic authentication is disabled",
}
"""Enhanced status codes with which Exchange Online refuses legacy methods (Microsoft, Exchange Team Blog)."""
_KEY = ("client", "server", "port", "provider", "basis")
_STATUS = rf"\b({'|'.join(code.replace('.', r'[.]') for code in REFUSALS)})\b"
_LISTS = ("versions", "senders", "accounts", "mechanisms", "replies")


def _of_session(tables: Tables) -> pl.LazyFrame:
    """Return the outbound sessions of the window that may be with a provider, with the provider where it shows."""
    names = (
        deduplicated(tables, "ssl").group_by("session").agg(pl.col("server_name").drop_nulls().min().str.to_lowercase())
    )
    outbound = tables["session"].filter(pl.col("direction") == "outbound")
    sessions = outbound.join(names, on="session", how="left").with_columns(
        pl.coalesce(pl.when(_named(known)).then(pl.lit(name)) for name, known in PROVIDERS.items()).alias("named"),
        pl.coalesce(pl.when(_in_range(known)).then(pl.lit(name)) for name, known in PROVIDERS.items()).alias("ranged"),
    )
    provider = pl.coalesce("named", "ranged")
    basis = pl.when(pl.col("named").is_not_null()).then(pl.lit("name")).when(pl.col("ranged").is_not_null())
    known = sessions.with_columns(provider.alias("provider"), basis.then(pl.lit("address range")).alias("basis"))
    return known.filter(pl.col("provider").is_not_null() | pl.col("port").is_in(SUBMISSION_PORTS))


def _named(provider: Provider) -> pl.Expr:
    server_name = pl.col("server_name")
    ends = [server_name.str.ends_with(suffix) for suffix in provider.mx_suffixes]
    return pl.any_horizontal(
        server_name.is_in(provider.submission_names), *ends, pl.col("banner").str.contains(provider.greeting)
    ).fill_null(value=False)


def _in_range(provider: Provider) -> pl.Expr:
    submits = pl.col("port").is_in(SUBMISSION_PORTS)
    nets = [tuple(ip_network(net) for net in nets) for nets in (provider.submission_nets, provider.mx_nets)]
    inside = submits & in_nets(pl.col("server"), nets[0]) | ~submits & in_nets(pl.col("server"), nets[1])
    return inside.fill_null(value=False)


def _mails(tables: Tables) -> pl.LazyFrame:
    """Return what smtp.log shows of mails, per session: envelope senders, replies, mails to the sender's own domain."""
    own = pl.col("recipient_domains").list.contains(pl.col("sender_domain")).fill_null(value=False)
    mails = tables["message"].filter(pl.col("direction") == "outbound")
    return mails.group_by(conn_key().alias("session")).agg(
        values(pl.col("sender").filter(pl.col("sender") != "")).alias("senders"),
        own.sum().cast(pl.UInt64).alias("own_mails"),
        _statuses("reply_msg").alias("mail_replies"),
    )


def _logins(tables: Tables) -> pl.LazyFrame:
    logins = tables["auth"].filter(pl.col("direction") == "outbound")
    return logins.group_by(conn_key().alias("session")).agg(
        values("account").alias("accounts"),
        pl.col("mechanism").drop_nulls().unique().sort().alias("mechanisms"),
        _statuses("reply_status").alias("login_replies"),
    )


def _statuses(column: str) -> pl.Expr:
    return pl.col(column).str.extract(_STATUS).drop_nulls().unique().sort()


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row per client, server, port and provider (null where only dns.log can name it)."""
    sessions = (
        _of_session(tables)
        .filter(context.window.covers())
        .join(_mails(tables), on="session", how="left")
        .join(_logins(tables), on="session", how="left")
        .with_columns(
            pl.concat_list(
                pl.col("mail_replies", "login_replies").fill_null([]),
                pl.concat_list(pl.col("last_reply_msg").str.extract(_STATUS)).list.drop_nulls(),
            ).alias("replies")
        )
    )
    return sessions.group_by(_KEY).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("sessions"),
        pl.col("tls").fill_null(value=False).sum().cast(pl.UInt64).alias("tls_sessions"),
        pl.col("own_mails").sum(),
        pl.col("server_name").drop_nulls().max(),
        values("tls_version").alias("versions"),
        *(values_of_lists(name) for name in _LISTS if name != "versions"),
        first_seen(name="shown"),
    )


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    return days.group_by(_KEY).agg(
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("sessions", "tls_sessions", "own_mails").sum(),
        pl.col("server_name").max(),
        *(values_of_lists(name) for name in _LISTS),
        seen_first("shown"),
    )


FACT = Fact(
    name="provider_session",
    doc="One row per host of the site, outside server and port, where the server is or may be a mail provider's.",
    columns=(
        Column("client", "addr", "the host of the site"),
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("provider", "string", "the provider; null: a submission server whose owner the session does not show"),
        Column("basis", "string", "what shows that: name (SNI or greeting) or address range"),
        Column("first", "time", "start of the first session"),
        Column("last", "time", "start of the last session"),
        Column("sessions", "count", "sessions"),
        Column("tls_sessions", "count", "of these, with TLS"),
        Column("own_mails", "count", "mails to a recipient in the sender's own domain, as far as visible"),
        Column("server_name", "string", "name that the host requested in TLS (SNI)"),
        Column("versions", "vector[string]", "TLS versions"),
        Column("senders", "vector[string]", "envelope senders, as far as visible; at most 20"),
        Column("accounts", "vector[string]", "accounts, as far as visible; at most 20"),
        Column("mechanisms", "vector[string]", "AUTH mechanisms, as far as visible"),
        Column("replies", "vector[string]", "status codes of refusals of legacy methods"),
        Column("shown", "vector[seen]", "first 20 sessions by (ts, uid)"),
    ),
    needs=("connection", "session", "message", "auth", "ssl"),
    plan=plan,
    daily=True,
    merge=_merged,
)
