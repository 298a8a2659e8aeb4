"""One row per SMTP connection that was answered: what was offered, asked and sent, as far as the logs can tell."""

import polars as pl

from zeeksmtp.facts._common import ENDS, PARTIES, deduplicated
from zeeksmtp.facts._contact import FAILED_STATES
from zeeksmtp.model import SMTP_PORTS, Column, Context, Fact, Tables

_FROM_CONN = (
    Column("service", "string", "what Zeek recognised, a comma list"),
    Column("duration", "interval", "from first to last packet"),
    Column("orig_bytes", "count", "payload bytes of the client"),
    Column("resp_bytes", "count", "payload bytes of the server"),
    Column("orig_pkts", "count", "packets of the client"),
    Column("conn_state", "string", "how the connection went"),
    Column("missed_bytes", "count", "bytes lost in capture gaps"),
    Column("history", "string", "states as letters: upper case client, lower case server"),
)
_FROM_SESSION = (
    Column("banner", "string", "the server's greeting"),
    Column("capabilities", "vector[string]", "what EHLO was answered with"),
    Column("starttls_offered", "bool", "STARTTLS stood among the capabilities"),
    Column("starttls_requested", "bool", "the client sent STARTTLS"),
    Column("starttls_code", "count", "how the server answered it"),
    Column("mechanisms_offered", "vector[string]", "AUTH mechanisms offered before TLS"),
    Column("commands", "count", "commands sent"),
    Column("mail", "count", "MAIL commands"),
    Column("rcpt", "count", "RCPT commands"),
    Column("rcpt_accepted", "count", "recipients accepted"),
    Column("rcpt_unknown", "count", "recipients refused as unknown users"),
    Column("rcpt_refused", "count", "recipients refused for another reason"),
    Column("messages_accepted", "count", "messages accepted"),
    Column("messages_refused", "count", "messages refused"),
    Column("vrfy", "count", "VRFY commands"),
    Column("expn", "count", "EXPN commands"),
    Column("auth_attempts", "count", "AUTH exchanges in clear"),
    Column("auth_failures", "count", "of these, credentials refused"),
    Column("auth_successes", "count", "of these, accepted"),
    Column("replies_4xx", "count", "replies with a 4xx code"),
    Column("replies_5xx", "count", "replies with a 5xx code"),
    Column("last_reply_code", "count", "code of the last reply"),
    Column("last_reply_msg", "string", "its text"),
    Column("quit", "bool", "the client said QUIT"),
    Column("gap", "bool", "content was missed: counts are lower bounds"),
    Column("analyzer_disabled", "string", "why Zeek stopped following"),
)
_OWN = (
    Column("seen", "bool", "commands were visible: smtp_session.log has the connection"),
    Column("helo", "string", "what the client called itself"),
    Column("starttls", "bool", "STARTTLS was answered with 220; null without smtp_session.log and smtp.log"),
    Column("implicit_tls", "bool", "TLS from the first byte (port 465)"),
    Column("tls", "bool", "TLS came up; null if no log tells"),
    Column("tls_version", "string", "TLS version agreed on"),
)


def _names(columns: tuple[Column, ...]) -> list[str]:
    return [column.name for column in columns]


def _mails(tables: Tables) -> pl.LazyFrame:
    told = deduplicated(tables, "smtp", "trans_depth").sort("ts", "trans_depth")
    helo = pl.col("helo").first(ignore_nulls=True).alias("smtp_helo")
    return told.group_by("session").agg(helo, pl.col("tls").max().alias("smtp_tls"))


def _handshakes(tables: Tables) -> pl.LazyFrame:
    shaken = deduplicated(tables, "ssl").sort("ts", "version", nulls_last=True)
    version = pl.col("version").last(ignore_nulls=True).alias("tls_version")
    return shaken.group_by("session").agg(pl.col("established").max(), version)


def _tls(starttls: pl.Expr) -> pl.Expr:
    """TLS came up: ssl.log knows, where there is one; else 220 to STARTTLS, else what Zeek recognised."""
    services = pl.col("service").str.split(",")
    in_tls, in_clear = services.list.contains("ssl"), services.list.contains("smtp")
    recognised = pl.when(in_tls).then(statement=True).when(in_clear).then(statement=False)
    guess = pl.when(pl.col("implicit_tls")).then(in_tls).otherwise(pl.coalesce(starttls, recognised))
    covered = pl.col("has_ssl_log") & pl.col("port").is_in(SMTP_PORTS)
    return pl.when(covered).then(pl.col("established").fill_null(value=False)).otherwise(guess)


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Give one row per session; logs that are missing leave their columns null."""
    own = pl.col("conn_key") == pl.col("session")
    connections = tables["connection"].filter(own).select("session", "uid", *ENDS, "ts", "direction")
    conn = deduplicated(tables, "conn").select("session", *_names(_FROM_CONN))
    session = deduplicated(tables, "smtp_session").select(
        "session", "helo", "tls", *_names(_FROM_SESSION), pl.lit(value=True).alias("seen")
    )
    has_ssl_log = tables["coverage"].select((pl.col("log") == "ssl").any().alias("has_ssl_log"))
    joined = connections
    for part in (conn, session, _mails(tables), _handshakes(tables)):
        joined = joined.join(part, on="session", how="left")
    starttls = pl.coalesce("tls", "smtp_tls")
    told = pl.any_horizontal(pl.col("seen", "smtp_tls", "established").is_not_null())
    return (
        joined.filter(told | ~pl.col("conn_state").fill_null("OTH").is_in(FAILED_STATES))
        .join(has_ssl_log, how="cross")
        .with_columns((pl.col("port") == 465).alias("implicit_tls"))
        .with_columns(
            pl.col("seen").fill_null(value=False),
            pl.coalesce("helo", "smtp_helo").alias("helo"),
            starttls.alias("starttls"),
            _tls(starttls).alias("tls"),
        )
        .select(_names(FACT.columns))
    )


FACT = Fact(
    name="session",
    doc="One row per SMTP connection that was answered.",
    columns=(
        *PARTIES,
        *_FROM_CONN,
        *_OWN,
        *_FROM_SESSION,
        Column("session", "count", "its key, as in `connection`"),
    ),
    needs=("coverage", "connection", "conn", "smtp", "smtp_session", "ssl"),
    plan=plan,
    daily=True,
)
