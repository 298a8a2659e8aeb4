"""A server's remedy in one line: the settings of `hardening` for the software that its greeting names."""

import polars as pl

from zeeksmtp.hardening import mail_servers
from zeeksmtp.model import Weakness


def remedy(weakness: Weakness, otherwise: str) -> pl.Expr:
    """Return the settings against a weakness for the software that column `banner` names, else `otherwise`."""
    result = pl.lit(otherwise)
    for server in mail_servers():
        if weakness in server.recipes:
            names_it = pl.col("banner").fill_null("").str.contains(server.greeting)
            settings = pl.lit(f"{server.name}: {'; '.join(server.recipes[weakness].lines)}")
            result = pl.when(names_it).then(settings).otherwise(result)
    return result
