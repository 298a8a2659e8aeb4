"""How to mend a server, in the words of the software that its greeting names."""

from collections.abc import Mapping

import polars as pl

SOFTWARE: Mapping[str, str] = {
    "Postfix": r"(?i)\bpostfix\b",
    "Exim": r"(?i)\bexim\b",
    "Sendmail": r"(?i)\bsendmail\b",
    "Exchange": r"(?i)microsoft esmtp",
}
"""Mail server -> how its greeting shows it."""

TLS_ONLY: Mapping[str, str] = {
    "Postfix": "Postfix: smtpd_tls_auth_only = yes",
    "Exim": "Exim: auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}",
    "Sendmail": "Sendmail: define(`confAUTH_OPTIONS', `A p y')",
    "Exchange": "Exchange: Set-ReceiveConnector -AuthMechanism Tls,BasicAuth,BasicAuthRequireTLS",
}
"""AUTH inside TLS only."""

NO_VRFY: Mapping[str, str] = {
    "Postfix": "Postfix: disable_vrfy_command = yes",
    "Exim": "Exim: leave acl_smtp_vrfy and acl_smtp_expn unset",
    "Sendmail": "Sendmail: define(`confPRIVACY_FLAGS', `goaway')",
    "Exchange": "Exchange: Set-ReceiveConnector -TarpitInterval, against guessing recipients",
}
"""VRFY and EXPN off."""


def remedy(words: Mapping[str, str], otherwise: str) -> pl.Expr:
    """Give the remedy for the software that column `banner` names, or general words."""
    result = pl.lit(otherwise)
    for software, shown in SOFTWARE.items():
        named = pl.col("banner").fill_null("").str.contains(shown)
        result = pl.when(named).then(pl.lit(words[software])).otherwise(result)
    return result
