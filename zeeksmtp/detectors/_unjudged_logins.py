"""Logins from outside that the server did not judge: 454, temporary authentication failure (RFC 4954 section 4).

A server whose password store is unreachable, or that has had enough of a client, answers every login so. The tries
were made all the same; whether one was right nobody knows.
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._guessing import SOURCE
from zeeksmtp.model import Tables

_TEMPORARY_FAILURE = 454
_MIN_SECRETS = 3
"""Two people behind one address, or one who updates a password, make two."""


def unjudged_tries(tables: Tables) -> pl.LazyFrame:
    """Return the logins of outside sources answered with 454 as bad trials, in the columns of `logins`.

    Not of sources that ever logged in there, nor of those that repeat fewer secrets than `_MIN_SECRETS` (of an account;
    equal by hash, or by length): who has a mailbox meets the server's bad hours as well, and so do the user's devices.
    """
    accepted = tables["auth"].filter(pl.col("outcome") == "success").select(SOURCE).unique()
    answered = (pl.col("outcome") == "rejected") & (pl.col("reply_code") == _TEMPORARY_FAILURE)
    tries = (
        tables["auth"].filter(answered, pl.col("direction") == "inbound").join(accepted, on=list(SOURCE), how="anti")
    )
    secret = pl.coalesce("secret_hash", pl.col("secret_length").cast(pl.String), pl.lit(""))
    several = tries.group_by(SOURCE).agg(pl.struct("account", secret.alias("secret")).n_unique().alias("secrets"))
    several = several.filter(pl.col("secrets") >= _MIN_SECRETS)
    bad, one = pl.lit(value=True).alias("bad"), pl.lit(1, pl.Int64).alias("trials")
    return tries.join(several, on=list(SOURCE), how="semi").with_columns(bad, one)
