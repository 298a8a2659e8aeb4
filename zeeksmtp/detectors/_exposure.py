"""What went by in clear, by whom: the part that the detectors of exposed credentials share."""

import polars as pl

from zeeksmtp.detectors._finding import details, entity, shaped, term, terms
from zeeksmtp.detectors._guessing import SOURCE, refused_guessers
from zeeksmtp.facts._common import first_uids
from zeeksmtp.facts.pair_day import PASSWORD_MECHANISMS
from zeeksmtp.model import Context, Tables

KEY = ("client", "server", "account")


_SECRETS = ("password", "hash", "token")


def exposed(tables: Tables, context: Context, kind: str) -> pl.LazyFrame:
    """Give the exchanges of `exposed_any` whose secret is of one `kind` (`secret_kind`)."""
    return exposed_any(tables, context).filter(pl.col("secret_kind") == kind)


def given(tables: Tables) -> pl.LazyFrame:
    """Give the exchanges (table `auth`) in which a secret went by, with `accepted` and `refused`; guesses, too."""
    # `secret_length` is a password's: that it is 0 for a token or a hash says nothing.
    empty = (pl.col("secret_kind") == "password") & (pl.col("secret_length").fill_null(1) == 0)
    # What could not be decoded and was accepted all the same was the right password.
    accepted = (pl.col("secret_kind") == "undecodable") & (pl.col("outcome") == "success")
    unread = accepted & pl.col("mechanism").is_in(PASSWORD_MECHANISMS)
    kind = pl.when(unread).then(pl.lit("password")).otherwise(pl.col("secret_kind"))
    told = tables["auth"].with_columns(kind.alias("secret_kind")).filter(pl.col("secret_kind").is_in(_SECRETS), ~empty)
    return told.with_columns(
        (pl.col("outcome") == "success").fill_null(value=False).alias("accepted"),
        pl.col("outcome").is_in(["failure", "rejected"]).fill_null(value=False).alias("refused"),
    )


def exposed_any(tables: Tables, context: Context) -> pl.LazyFrame:
    """Give the exchanges in the window in which a secret was given away.

    What was exposed counts under any reply, but a guess exposes nobody: left out are refused tries from outside,
    refused tries of a client that alarms in the test for guessing, and an empty password.
    """
    auth = given(tables)
    alarmed = auth.join(refused_guessers(tables, context), on=list(SOURCE), how="semi")
    # A host of the site that keeps sending one account's password does not guess: it is set up wrongly.
    one = (pl.col("account").n_unique() == 1) & (pl.col("secret_length").n_unique() == 1)
    guessers = alarmed.group_by(SOURCE).agg((~one).alias("guesser"))
    guess = pl.col("refused") & ((pl.col("direction") == "inbound") | pl.col("guesser").fill_null(value=False))
    return auth.join(guessers, on=list(SOURCE), how="left").filter(~guess, context.window.covers())


def by_account(exchanges: pl.LazyFrame) -> pl.LazyFrame:
    """Give one row per client, server and account: counts, spellings, and the worst that happened."""
    return exchanges.group_by(KEY).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("count"),
        pl.col("client").unique().alias("clients"),
        pl.col("server").unique().alias("servers"),
        pl.col("user").drop_nulls().unique().sort().alias("accounts"),
        pl.col("mechanism").drop_nulls().unique().sort().alias("mechanisms"),
        pl.col("accepted").sum().alias("accepted"),
        pl.col("crosses").max().alias("crosses"),
        (pl.col("accepted") & pl.col("crosses")).any().alias("accepted_across"),
        (pl.col("starttls_offered").fill_null(value=False)).sum().alias("starttls_offered"),
        first_uids().alias("uids"),
    )


def as_findings(accounts: pl.LazyFrame, level: pl.Expr, *more: pl.Expr) -> pl.LazyFrame:
    """Give the rows of `by_account` as findings of severity `level`, with `more` evidence terms besides the common."""
    return shaped(
        accounts.with_columns(
            entity(*KEY),
            level.alias("severity"),
            pl.lit("high").alias("confidence"),
            terms(
                term("exchanges", pl.col("count")),
                term("accepted", pl.col("accepted")),
                term("left_the_site", pl.col("crosses")),
                *more,
            ),
            details(mechanisms=pl.col("mechanisms")),
        )
    )
