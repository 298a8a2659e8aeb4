"""One row per SMTP connection that was answered: what was offered, requested and sent, as far as the logs can tell."""

import polars as pl

from zeeksmtp.expressions.connections import ENDS, PARTIES, deduplicated
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
    Column("dialect", "string", "how the client speaks: a hash"),
    Column("dialect_raw", "string", "how the client speaks: verbs in the order of first use with their forms"),
    Column("analyzer_disabled", "string", "why Zeek stopped following"),
)
_OWN = (
    Column("seen", "bool", "commands were visible: smtp_session.log has the connection"),
    Column("helo", "string", "what the client called itself"),
    Column("starttls", "bool", "STARTTLS was answered with 220; null without smtp_session.log and smtp.log"),
    Column("implicit_tls", "bool", "TLS from the first byte (port 465)"),
    Column("tls", "bool", "TLS came up; null if no log shows it"),
    Column("tls_version", "string", "TLS version agreed on"),
    Column("answered", "bool", "the server spoke SMTP, or TLS"),
)
_READY = r"(?i)^220[ -].*(?:tls|go ahead|ready to start)"
"""What servers answer STARTTLS with: their greeting is a 220 as well, but no line of smtp.log ends with it."""


def _names(columns: tuple[Column, ...]) -> list[str]:
    return [column.name for column in columns]


def _first(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row per session: few have several, and only these are sorted."""
    rows = rows.with_columns(pl.col("session").is_duplicated().alias("several"))
    first = rows.filter("several").sort("session", "ts").unique("session", keep="first", maintain_order=True)
    return pl.concat([rows.filter(~pl.col("several")), first]).drop("several", "ts")


def _mails(tables: Tables) -> pl.LazyFrame:
    lines = deduplicated(tables, "smtp", "trans_depth").sort("ts", "trans_depth")
    helo = pl.col("helo").first(ignore_nulls=True).alias("smtp_helo")
    ready = pl.when(pl.col("last_reply").str.contains(_READY)).then(statement=True)  # logs before Zeek 2.3 lack `tls`
    return lines.group_by("session").agg(
        helo,
        pl.coalesce("tls", ready).max().alias("smtp_tls"),
        pl.col("last_reply").is_not_null().any().alias("replied"),
    )


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


def _answered() -> pl.Expr:
    """The server spoke: where conn.log is missing, what it said in smtp.log and smtp_session.log has to do."""
    bytes_of_smtp = (pl.col("resp_bytes").fill_null(0) > 0) & pl.col("service").is_not_null()
    said = pl.any_horizontal(pl.col("banner", "last_reply_code", "starttls_code", "capabilities").is_not_null())
    return said | bytes_of_smtp | pl.any_horizontal(pl.col("replied", "tls").fill_null(value=False))


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per session; logs that are missing leave their columns null."""
    own = pl.col("conn_key") == pl.col("session")
    connections = tables["connection"].filter(own).select("session", "uid", *ENDS, "ts", "direction")
    conn = deduplicated(tables, "conn").select("session", "ts", *_names(_FROM_CONN))
    session = deduplicated(tables, "smtp_session").select(
        "session", "ts", "helo", "tls", *_names(_FROM_SESSION), pl.lit(value=True).alias("seen")
    )
    has_ssl_log = tables["coverage"].select((pl.col("log") == "ssl").any().alias("has_ssl_log"))
    joined = connections
    # Zeek with fixed seeds gives connections of several captures one uid: a session must not multiply for it.
    for part in (_first(conn), _first(session), _mails(tables), _handshakes(tables)):
        joined = joined.join(part, on="session", how="left", validate="m:1")
    starttls = pl.coalesce("tls", "smtp_tls")
    logged = pl.any_horizontal(pl.col("seen", "replied", "established").is_not_null())
    return (
        joined.filter(logged | ~pl.col("conn_state").fill_null("OTH").is_in(FAILED_STATES))
        .join(has_ssl_log, how="cross")
        .with_columns((pl.col("port") == 465).alias("implicit_tls"))
        .with_columns(
            pl.col("seen").fill_null(value=False),
            pl.coalesce("helo", "smtp_helo").alias("helo"),
            starttls.alias("starttls"),
            _tls(starttls).alias("tls"),
        )
        .with_columns(_answered().alias("answered"))
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
