"""Sessions without a logged command: mail, or an attempt that came to none, by their counters or their shape.

Zeek's smtp.log has a line for MAIL, RCPT and STARTTLS only. A session in clear that spoke SMTP and has no line is a
login that failed, a dialogue of queries, or a probe. smtp_session.log and smtp_cmd.log count what it was; without them
bytes and packets tell as far as they can. The thresholds come from the recorded captures (`fixtures/captures`), where
the package's logs say what each session was.

Sessions with mail are nine of ten, and only what lies between them matters: those of a client and server are put
together up to the next attempt.
"""

import polars as pl

from zeeksmtp.expressions.connections import MIN_MAIL_BYTES_IN_TLS, PARTIES, conn_key
from zeeksmtp.facts._contact import FAILED_STATES
from zeeksmtp.facts._unlogged import no_mail
from zeeksmtp.model import SMTP_PORTS, SUBMISSION_PORTS, Column, Context, Fact, Tables

_REJECTED_CODE, _UNJUDGED_CODE = 535, 454  # RFC 4954, section 6
# EHLO and QUIT alone, as monitoring probes send, are 33 to 40 bytes in 6 to 8 packets; a failed login with its EHLO is
# 46 bytes or more, in 8 packets or more wherever the client waits for replies. What is smaller is a greeting, or one
# short query.
_MIN_ATTEMPT_BYTES, _MIN_ATTEMPT_PACKETS = 45, 8
# Beyond greeting and EHLO (about 250 bytes), a reply to VRFY or EXPN is a line of text for each packet: 32 to 123 bytes
# for a client packet; AUTH LOGIN has three short replies for one try, which makes 13 to 21.
_MIN_DIALOGUE_PACKETS, _MIN_DIALOGUE_REPLY_BYTES, _GREETING_BYTES = 15, 30, 250
# Of the client's packets, about six open and close the connection. A failed AUTH LOGIN takes six more, a query two at
# most: both estimates are at or below the true number in each recorded session but one.
_FRAME_PACKETS, _LOGIN_PACKETS, _QUERY_PACKETS = 6, 6, 2
# Without an smtp.log of that hour a mail cannot be excluded; it sends 13 bytes or more for each packet.
_MAX_BYTES_PER_PACKET = 12


def _logged(tables: Tables) -> pl.LazyFrame:
    """Return what other logs have of a session: rejected AUTH commands, and whether its commands, its logins are there.

    A login of smtp_auth.log and a query of smtp_cmd.log are facts of their own, and no attempts here.
    """
    session, verb = conn_key().alias("session"), pl.col("command")
    code, from_outside = pl.col("reply_code"), pl.col("direction") == "inbound"
    refused = (code == _REJECTED_CODE) | ((code == _UNJUDGED_CODE) & from_outside)
    rejected = ((verb == "AUTH") & refused).sum().cast(pl.Int64)
    commands = (
        tables["command"].group_by(session).agg(rejected.alias("rejected"), pl.lit(value=True).alias("commanded"))
    )
    logins = tables["auth"].select(session).unique().with_columns(pl.lit(value=True).alias("authenticated"))
    both = commands.join(logins, on="session", how="full", coalesce=True)
    return both.with_columns(pl.col("commanded", "authenticated").fill_null(value=False))


def _mails(tables: Tables) -> pl.LazyFrame:
    content = pl.col("content").fill_null(value=True).any().alias("mail_line")
    session = conn_key().alias("session")
    return tables["message"].group_by(session).agg(content, no_mail().any().alias("has_rejected"))


def _counted() -> tuple[pl.Expr, pl.Expr]:
    """Return failed logins and queries, as a log of the package counts them; 0 where they are logged one by one.

    Of an outside client every login that did not succeed counts: one that the server put off (454) is a try as well.
    """
    failed = pl.col("auth_failures").cast(pl.Int64)
    unaccepted = pl.col("auth_attempts").cast(pl.Int64) - pl.col("auth_successes").cast(pl.Int64)
    counted = pl.coalesce(pl.when(pl.col("direction") == "inbound").then(unaccepted), failed)
    logins = pl.when(~pl.col("authenticated")).then(pl.coalesce("rejected", counted))
    queries = pl.when(~pl.col("commanded")).then(pl.sum_horizontal("vrfy", "expn").cast(pl.Int64))
    return logins.fill_null(0), queries.fill_null(0)


def _may_be_attempt() -> pl.Expr:
    """Match sessions in clear that spoke SMTP, and sent no mail."""
    spoke = pl.col("service").str.split(",").list.contains("smtp") & (pl.col("resp_bytes") > 0)
    whole = (pl.col("missed_bytes").fill_null(0) == 0) & ~pl.col("conn_state").is_in(FAILED_STATES)
    no_mail = pl.col("has_smtp_log") | (pl.col("orig_bytes") <= _MAX_BYTES_PER_PACKET * pl.col("packets"))
    no_line = pl.col("starttls").is_null() & pl.col("mail_line").is_null()
    hidden = ~pl.any_horizontal("seen", "commanded", "authenticated")
    return hidden & ~pl.col("tls") & no_line & spoke & whole & no_mail & pl.col("port").is_in(SMTP_PORTS)


def _kind() -> pl.Expr:
    """Return the kind of a session, null where nothing is known of it."""
    by_shape = _may_be_attempt()
    is_small = (pl.col("orig_bytes") < _MIN_ATTEMPT_BYTES) | (pl.col("packets") < _MIN_ATTEMPT_PACKETS)
    reply_bytes = (pl.col("resp_bytes").cast(pl.Int64) - _GREETING_BYTES) / (pl.col("packets") - _FRAME_PACKETS)
    is_dialogue = (pl.col("packets") >= _MIN_DIALOGUE_PACKETS) & (reply_bytes >= _MIN_DIALOGUE_REPLY_BYTES)
    in_tls = pl.col("tls") & (pl.col("orig_bytes") >= MIN_MAIL_BYTES_IN_TLS)
    return (
        pl.when(pl.col("logins") > 0)
        .then(pl.lit("login"))
        .when(pl.col("queries") > 0)
        .then(pl.lit("queries"))
        .when(pl.col("mail_line") | in_tls)
        .then(pl.lit("mail"))
        .when(by_shape & is_small)
        .then(pl.lit("greeting"))
        .when(by_shape & pl.col("port").is_in(SUBMISSION_PORTS))
        .then(pl.lit("login"))
        .when(by_shape & is_dialogue)
        .then(pl.lit("queries"))
        .when(by_shape)
        .then(pl.lit("probe"))
    )


def _tries() -> pl.Expr:
    """Return the number of logins or queries of a session, estimated where no log counts them; of a mail it is one."""
    counted, rest = pl.max_horizontal("logins", "queries"), pl.col("packets") - _FRAME_PACKETS
    each = pl.when(pl.col("kind") == "queries").then(rest // _QUERY_PACKETS).otherwise(rest // _LOGIN_PACKETS)
    estimated = pl.when(counted > 0).then(counted).otherwise(each.fill_null(1))
    return pl.when(pl.col("kind") == "mail").then(1).otherwise(estimated.clip(lower_bound=1))


def _in_runs(sessions: pl.LazyFrame) -> pl.LazyFrame:
    """Put the sessions with mail of a pair and day together that have none of its attempts between them.

    The tests on attempts count sessions with mail in order of time: of a run they need the number. A run ends as well
    where another client of the server fails to log in, as those are tested together, and with a rejected recipient
    (table `rejected_recipient`), which is a trial of the same tests.
    """
    is_mail = (pl.col("kind") == "mail").fill_null(value=False)
    breaks = ~is_mail | pl.col("has_rejected")
    of_server = (pl.col("kind") == "login").fill_null(value=False).cum_sum().over("server")
    placed = sessions.sort("ts", ~is_mail, "uid").with_columns(
        breaks.alias("breaks"), of_server.alias("of_server"), breaks.cum_sum().over("client", "server").alias("of_pair")
    )
    keys = ["client", "server", "port", "direction", "kind", "tls", "of_server", "of_pair"]
    runs = (
        placed.filter(~pl.col("breaks"))
        .group_by(*keys, pl.col("ts").dt.truncate("1d").alias("day"))
        .agg(
            pl.col("ts").min(),
            pl.col("ts").max().alias("last"),
            pl.col("uid", "client_port").sort_by("ts", "uid").first(),
            pl.col("tries").sum(),
        )
    )
    alone = placed.filter(pl.col("breaks"), pl.col("kind").is_not_null()).with_columns(pl.col("ts").alias("last"))
    names = [column.name for column in FACT.columns]
    return pl.concat([alone.select(names), runs.select(names)])


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per run of sessions with mail, and per session with attempts that no log has one by one."""
    hour = pl.col("ts").dt.truncate("1h").alias("hour")
    hours = tables["smtp"].select(hour).unique().with_columns(has_smtp_log=pl.lit(value=True))
    packets = pl.coalesce(pl.col("orig_pkts"), pl.col("orig_bytes") // _MAX_BYTES_PER_PACKET)
    flags = pl.col("has_smtp_log", "commanded", "authenticated", "tls", "has_rejected")
    logins, queries = _counted()
    sessions = (
        tables["session"]
        .with_columns(hour, packets.cast(pl.Int64).alias("packets"))
        .join(_logged(tables), on="session", how="left")
        .join(_mails(tables), on="session", how="left")
        .join(hours, on="hour", how="left")
        .with_columns(flags.fill_null(value=False))
        .with_columns(logins.alias("logins"), queries.alias("queries"))
        .with_columns(_kind().alias("kind"))
        .filter(pl.col("kind").is_not_null() | pl.col("has_rejected"))
        .with_columns(_tries().cast(pl.Int64).alias("tries"))
    )
    return _in_runs(sessions)


FACT = Fact(
    name="attempt",
    doc="One row per run of sessions with mail, and per session with attempts that no log has one by one.",
    columns=(
        *PARTIES,
        Column("last", "time", "start of the last session of the run"),
        Column(
            "kind",
            "string",
            "mail, login (without success), queries (VRFY, EXPN), probe (either), or greeting (little more)",
        ),
        Column("tls", "bool", "TLS came up"),
        Column("tries", "int", "logins or queries, estimated where no log counts them; sessions with mail"),
    ),
    needs=("session", "message", "command", "auth", "smtp"),
    plan=plan,
    daily=True,
)
