"""Meaning of a server's reply to a query for a name: RFC 5321 sections 3.5.3 and 4.2, RFC 3463, and real servers."""

import polars as pl

VERBS = ("VRFY", "EXPN", "RCPT")
"""Commands that query a server for a mailbox name."""

_POLICY_TEXT = r"(?i)relay|denied|prohibit|not permitted|not allowed|block|spam|policy|reject.*sender|access"
_UNKNOWN_TEXT = (
    r"(?i)unknown|no such|not found|does ?n.t exist|undeliverable|invalid (?:mailbox|recipient|address)|no mailbox"
)


def _is_unknown() -> pl.Expr:
    """Match a rejection of the name itself: 5.1.x, Exchange Online's 5.4.1, or 550/551/553 without a policy reason."""
    status, text = pl.col("reply_status").fill_null(""), pl.col("reply_msg").fill_null("")
    by_status = status.str.contains(r"^5\.(?:1\.\d+|4\.1)$")
    without_status = (status == "") & pl.col("reply_code").is_in([550, 551, 553])
    about_name = ~text.str.contains(_POLICY_TEXT) | text.str.contains(_UNKNOWN_TEXT)
    return (pl.col("reply_code") >= 500) & (by_status | (without_status & about_name))


def verdict() -> pl.Expr:
    """Return the verdict of one reply, without contrast: confirmed, unknown, ambiguous, refused, deferred or none.

    252 (cannot verify) and a recipient's 250 confirm a name only by contrast with others that are refused as unknown:
    they are ambiguous here.
    """
    code = pl.col("reply_code")
    confirms = code.is_in([250, 251]) & (pl.col("verb") != "RCPT")
    return (
        pl.when(code.is_null())
        .then(pl.lit("none"))
        .when(confirms)
        .then(pl.lit("confirmed"))
        .when(code < 300)
        .then(pl.lit("ambiguous"))
        .when(code < 500)
        .then(pl.lit("deferred"))
        .when(_is_unknown())
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("refused"))
    )


def queried_name() -> pl.Expr:
    """Return the name that a VRFY, EXPN or RCPT queries: no `TO:`, brackets or parameters, lower case.

    Local parts are formally case-sensitive; no server in use treats them so.
    """
    arg = pl.col("arg").str.replace(r"(?i)^\s*to\s*:\s*", "").str.strip_chars()
    bracketed = arg.str.extract(r"^<(?:@[^:>]*:)?([^>]*)>")
    return pl.coalesce(bracketed, arg.str.extract(r"^(\S+)"), arg).str.to_lowercase()


def domain_of(name: pl.Expr) -> pl.Expr:
    """Return the domain of a queried name, null without one.

    A relay test may quote the whole address (`"user@probe.example"`, RFC 5321 section 4.1.2): the quotes are not part
    of the domain.
    """
    return name.str.extract(r'@([^@"]+)"?$').str.strip_chars_end(".")
