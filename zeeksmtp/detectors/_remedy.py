"""Settings that fix a server, by the software that its greeting names."""

from collections.abc import Mapping

import polars as pl

SOFTWARE: Mapping[str, str] = {
    "Postfix": r"(?i)\bpostfix\b",
    "Exim": r"(?i)\bexim\b",
    "Sendmail": r"(?i)\bsendmail\b",
    "Exchange": r"(?i)microsoft esmtp",
}
"""Mail server -> pattern of its greeting."""

TLS_ONLY: Mapping[str, str] = {
    "Postfix": "Postfix: smtpd_tls_auth_only = yes",
    "Exim": "Exim: auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}",
    "Sendmail": "Sendmail: define(`confAUTH_OPTIONS', `A p y')",
    "Exchange": "Exchange: Set-ReceiveConnector -AuthMechanism Tls,BasicAuth,BasicAuthRequireTLS",
}
"""Settings that allow AUTH inside TLS only."""

NO_VRFY: Mapping[str, str] = {
    "Postfix": "Postfix: disable_vrfy_command = yes",
    "Exim": "Exim: leave acl_smtp_vrfy and acl_smtp_expn unset",
    "Sendmail": "Sendmail: define(`confPRIVACY_FLAGS', `goaway')",
    "Exchange": "Exchange: Set-ReceiveConnector -TarpitInterval, against recipient guessing",
}
"""Settings that switch VRFY and EXPN off."""


def remedy(words: Mapping[str, str], otherwise: str) -> pl.Expr:
    """Return the remedy for the software that column `banner` names, else `otherwise`."""
    result = pl.lit(otherwise)
    for software, pattern in SOFTWARE.items():
        matches = pl.col("banner").fill_null("").str.contains(pattern)
        result = pl.when(matches).then(pl.lit(words[software])).otherwise(result)
    return result
