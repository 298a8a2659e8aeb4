"""Remedies that detectors share: steps that include narrower ones, and a server's settings in one line."""

import polars as pl

from zeeksmtp.hardening import mail_servers
from zeeksmtp.model import Weakness

BLOCK = "Block {clients}."
BLOCK_OUTBOUND_MAIL = "Block outbound mail (ports 25, 465, 587) of {clients}."
CHANGE_PASSWORD_NOW = "Change the password of {accounts} now and end all its sessions."  # noqa: S105 - a sentence
LIMIT_QUERIES = "Limit failed logins and queries per client on {servers} (fail2ban, or the server's own limits)."
REVIEW_MAIL = "Review the mail that {accounts} sent since {first}, and warn the recipients."
TLS_ONLY_AUTH = "Offer AUTH only inside TLS on {servers} (port {port}; {remedy})."
"""Texts of steps that `Advice.wider` names."""


def remedy(weakness: Weakness, otherwise: str) -> pl.Expr:
    """Return the settings against a weakness for the software that column `banner` names, else `otherwise`."""
    result = pl.lit(otherwise)
    for server in mail_servers():
        if weakness in server.recipes:
            names_it = pl.col("banner").fill_null("").str.contains(server.greeting)
            settings = pl.lit(f"{server.name}: {'; '.join(server.recipes[weakness].lines)}")
            result = pl.when(names_it).then(settings).otherwise(result)
    return result
