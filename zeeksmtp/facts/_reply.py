"""What a server's reply to a question for a name says: RFC 5321 sections 3.5.3 and 4.2, RFC 3463, and real servers."""

import polars as pl

VERBS = ("VRFY", "EXPN", "RCPT")
"""Commands that ask a server for a name."""

_POLICY_TEXT = r"(?i)relay|denied|prohibit|not permitted|not allowed|block|spam|policy|reject.*sender|access"
_UNKNOWN_TEXT = (
    r"(?i)unknown|no such|not found|does ?n.t exist|undeliverable|invalid (?:mailbox|recipient|address)|no mailbox"
)


def _is_unknown() -> pl.Expr:
    """A refusal that speaks of the name: 5.1.x, Exchange Online's 5.4.1, or 550/551/553 without a policy reason."""
    status, text = pl.col("reply_status").fill_null(""), pl.col("reply_msg").fill_null("")
    named = status.str.contains(r"^5\.(?:1\.\d+|4\.1)$")
    bare = (status == "") & pl.col("reply_code").is_in([550, 551, 553])
    speaks = ~text.str.contains(_POLICY_TEXT) | text.str.contains(_UNKNOWN_TEXT)
    return (pl.col("reply_code") >= 500) & (named | (bare & speaks))


def verdict() -> pl.Expr:
    """Give what one reply says, without contrast: confirmed, unknown, ambiguous, refused, deferred or none.

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


def asked_name() -> pl.Expr:
    """Give the name that a VRFY, EXPN or RCPT asks for: no `TO:`, brackets or parameters, lower case.

    Local parts are formally case-sensitive; no server in use treats them so.
    """
    arg = pl.col("arg").str.replace(r"(?i)^\s*to\s*:\s*", "").str.strip_chars()
    bracketed = arg.str.extract(r"^<(?:@[^:>]*:)?([^>]*)>")
    return pl.coalesce(bracketed, arg.str.extract(r"^(\S+)"), arg).str.to_lowercase()
