"""Who guesses passwords: the sequential test on refused credentials, per client and server."""

import polars as pl

from zeeksmtp.model import Context, Tables
from zeeksmtp.statistics.sequential import SequentialTest, outcomes

_KEYS = ("client", "server")
# Share of refused logins among people who mistype, and among guessers; six in a row alarm at alpha = 1e-6.
# Source: detection.md's worked example; SPOT (Duan et al. 2012) uses .2 and .9 on messages.
_THETA0, _THETA1 = 0.05, 0.5


def _same_try() -> pl.Expr:
    """Tell tries apart by the hash of the secret; without it only an unvarying account and length are one try."""
    unvarying = (pl.col("account").n_unique() == 1) & (pl.col("secret_length").n_unique() == 1)
    single = pl.format("{}/{}", "uid", "seq")
    return pl.coalesce("secret_hash", pl.when(unvarying.over(_KEYS)).then(pl.lit("one")).otherwise(single))


def refused_guessers(tables: Tables, context: Context) -> pl.LazyFrame:
    """Give `client` and `server` of every pair whose refused logins alarm.

    Trials are logins that were judged (accepted, or credentials refused). The same account with the same secret counts
    once per outcome, so that a device with an old password does not look like a guesser.
    """
    judged = tables["auth"].filter(pl.col("outcome").is_in(["success", "failure"]))
    trials = (
        judged.with_columns((pl.col("outcome") == "failure").alias("bad"), _same_try().alias("try"))
        .sort("ts", "uid", "seq")
        .unique([*_KEYS, "account", "try", "bad"], keep="first", maintain_order=True)
        .select(*_KEYS, "ts", "bad", pl.lit(1).alias("trials"))
    )
    test = SequentialTest(_THETA0, _THETA1, context.alpha)
    return outcomes(trials, _KEYS, test).filter(pl.col("alarm_at").is_not_null()).select(_KEYS)
