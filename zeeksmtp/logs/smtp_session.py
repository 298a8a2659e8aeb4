"""smtp_session.log of our Zeek package: one line per SMTP connection, written when it ends."""

from zeeksmtp.model import Column, Log
from zeeksmtp.model.connection import CONNECTION, NO_HINT, every_row

_COUNTS = {
    "commands": "commands sent",
    "unknown_commands": "commands with a verb that the analyzer does not know",
    "mail": "MAIL commands",
    "rcpt": "RCPT commands",
    "rcpt_accepted": "recipients accepted",
    "rcpt_unknown": "recipients refused as unknown users",
    "rcpt_refused": "recipients refused for another reason",
    "messages_accepted": "messages accepted after their last byte",
    "messages_refused": "messages refused at DATA or after it",
    "vrfy": "VRFY commands",
    "vrfy_confirmed": "VRFY answered 250 or 251",
    "expn": "EXPN commands",
    "expn_confirmed": "EXPN answered 250",
    "auth_attempts": "AUTH exchanges",
    "auth_failures": "AUTH exchanges whose credentials were refused",
    "auth_successes": "AUTH exchanges that were accepted",
    "replies_4xx": "replies with a 4xx code",
    "replies_5xx": "replies with a 5xx code",
}

LOG = Log(
    name="smtp_session",
    doc="SMTP sessions: what was offered, requested, sent",
    unseen="what servers offer (STARTTLS, AUTH) and sessions without mail are not visible",
    columns=(
        *CONNECTION,
        Column("banner", "string", "the server's greeting"),
        Column("helo", "string", "what the client called itself"),
        Column("esmtp", "bool", "the client said EHLO"),
        Column("capabilities", "vector[string]", "what EHLO was answered with, without the greeting line"),
        Column("starttls_offered", "bool", "STARTTLS stood among the capabilities"),
        Column("starttls_requested", "bool", "the client sent STARTTLS"),
        Column("starttls_code", "count", "how the server answered it"),
        Column("tls", "bool", "STARTTLS was answered with 220"),
        Column("mechanisms_offered", "vector[string]", "AUTH mechanisms offered before TLS"),
        *(Column(name, "count", doc) for name, doc in _COUNTS.items()),
        Column("last_reply_code", "count", "code of the last reply"),
        Column("last_reply_msg", "string", "its text"),
        Column("quit", "bool", "the client said QUIT"),
        Column("gap", "bool", "content was missed: counts are lower bounds"),
        Column("dialect", "string", "how the client speaks: the first 12 hex digits of SHA-256 over `dialect_raw`"),
        Column("dialect_raw", "string", "verbs in the order of first use, each with `*` if pipelined and its form"),
        Column("analyzer_disabled", "string", "why Zeek stopped following"),
        Column("truncated", "bool", "a bound of the Zeek package was hit"),
    ),
    hint=NO_HINT,
    concerns=every_row,
)
