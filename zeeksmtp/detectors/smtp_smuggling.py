"""A mail carries a second one: commands that its sender's server took for text.

What it sees: sessions in clear (table `command`) in which MAIL follows a message without waiting for its reply
(`pipelined`; of older logs by time and latency), and RCPT and DATA follow that in the same way. Zeek ends a message at
a dot between bare LFs or CRs as well, as vulnerable servers do, so what was smuggled shows as commands. Pipelining is
allowed (RFC 2920); smuggled is what one of these shows: the server answered the message once and the commands never (it
did not split the mail); the first MAIL declared more bytes (SIZE) than its message had; the first MAIL had a SIZE and
the second none; or the second message came before the server could ask for it (354). One finding per client and server;
`count` is the number of smuggled mails. Severity: high if the server took one as a mail of its own, else medium.

Why it matters: the second mail appears to come from the first one's server, with its SPF and DMARC, under any name
(CVE-2023-51764 Postfix, CVE-2023-51765 Sendmail, CVE-2023-51766 Exim).

Benign causes: none is known of the combination; a test of one's own.

What to do: taken: update the server and reject bare line ends (Postfix smtpd_forbid_bare_newline), find the second mail
by time and recipient, and remove it. In every case tell the client's operator: it passed bare line ends on.
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._finding import details, entity, severity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import ENDS, first_uids
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_SESSION = ("uid", *ENDS)
_PAIR = ("client", "server")
_MAX_SHORT_SHARE, _MAX_SHORT_BYTES = 0.1, 1200
"""SIZE is an estimate (RFC 1870 section 5): a message may have a tenth less; Exim adds 1,024 bytes (size_addition)."""
_CLOSING = (221, 421)
"""Replies to QUIT, or the server's own end: one that meets MAIL answers something else."""
_SIZE = r"(?i)\sSIZE=(\d{1,18})(?:\s|$)"


class SmtpSmugglingParams(Params):
    """No parameters: what is smuggled shows by facts."""


def _in_order(tables: Tables) -> pl.LazyFrame:
    """Return the commands of sessions with several MAILs, in order, each with what it follows.

    `early`: sent before the reply of the command before. `message`: how many DATA came before. `content_early`: the
    command after came sooner than the quickest reply of the session, and so did the message before it.
    """
    whole = tables["session"].filter(pl.col("gap").fill_null(value=False)).select(_SESSION).unique()
    several = tables["command"].filter(pl.col("command") == "MAIL").group_by(_SESSION).len().filter(pl.col("len") > 1)
    rows = tables["command"].join(several, on=list(_SESSION), how="semi").join(whole, on=list(_SESSION), how="anti")
    # What follows a command that was never answered did not wait for the answer.
    unanswered = pl.col("latency").is_null().shift(1).over(_SESSION)
    by_time = (pl.col("ts") < (pl.col("ts") + pl.col("latency")).shift(1).over(_SESSION)) | unanswered
    data = pl.col("command") == "DATA"
    sooner = pl.col("ts").shift(-1).over(_SESSION) - pl.col("ts") < pl.col("latency").min().over(_SESSION)
    sender = pl.when(pl.col("command") == "MAIL").then(pl.col("arg"))
    return rows.sort(*_SESSION, "seq").with_columns(
        pl.coalesce("pipelined", by_time).fill_null(value=False).alias("early"),
        (data.cum_sum().over(_SESSION) - data).alias("message"),
        sooner.fill_null(value=False).alias("content_early"),
        sender.forward_fill().over(_SESSION).alias("sender"),
    )


def _seconds(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the second mails that came without waiting for the reply to the message before."""
    mail, data = pl.col("command") == "MAIL", pl.col("command") == "DATA"
    found = rows.filter(pl.col("message") > 0, pl.col("command") != "QUIT").group_by(*_SESSION, "message")
    return found.agg(
        pl.col("early").all(),
        pl.col("ts").min(),
        pl.col("arg").filter(mail).first().alias("second"),
        pl.col("reply_code").filter(mail).first().alias("mail_code"),
        data.any().alias("has_data"),
        pl.col("reply_code").filter(data).first().alias("data_code"),
        pl.col("content_early").filter(data).any(),
    ).filter("early", "has_data", pl.col("second").is_not_null())


def _smuggled(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return the smuggled mails in the window, each with what shows it."""
    rows = _in_order(tables).cache()
    firsts = rows.filter(pl.col("command") == "DATA", pl.col("reply_code").is_not_null()).select(
        *_SESSION, (pl.col("message") + 1).alias("message"), pl.col("sender").alias("first_sender"), "mail_size"
    )
    both = _seconds(rows).join(firsts, on=[*_SESSION, "message"], nulls_equal=True)
    declared = pl.col("first_sender").str.extract(_SIZE).cast(pl.Int64, strict=False)
    missing = declared - pl.col("mail_size").cast(pl.Int64)
    short = (missing > _MAX_SHORT_BYTES) & (missing > _MAX_SHORT_SHARE * declared)
    ignored = pl.col("data_code").is_null() & (pl.col("mail_code").is_null() | pl.col("mail_code").is_in(_CLOSING))
    other = declared.is_not_null() & ~pl.col("second").str.contains(_SIZE)
    taken = pl.col("data_code").is_between(200, 299).fill_null(value=False)
    signs = {"short": short, "ignored": ignored, "undeclared": other, "content_early": pl.col("content_early")}
    marked = both.with_columns(
        taken.alias("taken"), *(sign.fill_null(value=False).alias(n) for n, sign in signs.items())
    )
    return marked.filter(pl.any_horizontal(list(signs)), context.window.covers())


def plan(tables: Tables, _params: SmtpSmugglingParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client and server."""
    address = pl.col("second").str.extract(r"<([^>]*)>")
    found = (
        _smuggled(tables, context)
        .group_by(_PAIR)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().alias("clients"),
            pl.col("server").unique().alias("servers"),
            pl.col("taken").sum(),
            pl.col("ignored", "short", "undeclared", "content_early").sum(),
            address.drop_nulls().unique().sort().alias("senders"),
            first_uids().alias("uids"),
        )
    )
    signs = ("ignored", "short", "undeclared", "content_early")
    return to_findings(
        found.with_columns(
            entity(*_PAIR),
            severity({"high": pl.col("taken") > 0}, otherwise="medium"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("mails", pl.col("count")),
                evidence("taken", pl.col("taken")),
                *(evidence(name, pl.col(name)) for name in signs),
            ),
            details(senders=pl.col("senders")),
        )
    )


DETECTOR = Detector(
    id="smtp-smuggling",
    title="SMTP smuggling: {clients} → {servers}",
    summary="{mails:mail} inside other mails; {servers} took {taken:mail} of them. Senders: {senders}.",
    actions=(
        Advice("Remove the mails of {senders} from the mailboxes of {servers}.", when=("server-local", "taken")),
        Advice(
            "Update {servers} and let it reject bare line ends (smtpd_forbid_bare_newline).", when=("server-local",)
        ),
        Advice("Update {clients}, which passes bare line ends on.", when=("client-local",)),
        Advice(
            "Tell the operator of {clients} that it passes bare line ends on.",
            owner="outside",
            when=("client-outside",),
        ),
    ),
    attack=("T1672",),
    needs=("command", "session"),
    required_logs=("smtp_cmd",),
    params=SmtpSmugglingParams,
    plan=plan,
    stage="access",
    technique="SMTP smuggling",
)
