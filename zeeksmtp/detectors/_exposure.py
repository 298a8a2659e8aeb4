"""Secrets that were sent in clear: what the detectors of exposed credentials share."""

import polars as pl

from zeeksmtp.detectors._finding import details, entity, no_account, term, terms, to_findings, who
from zeeksmtp.detectors._guessing import SOURCE, refused_guessers
from zeeksmtp.detectors._remedy import TLS_ONLY_AUTH
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import PASSWORD_MECHANISMS, Advice, Context, Tables

KEY = ("client", "server", "account")
_ACCOUNT = ("owner", "server", "side")
_SECRET_KINDS = ("password", "hash", "token")

REQUIRE_TLS = (
    Advice("Configure {clients} to require TLS for SMTP.", when=("client-local",)),
    Advice("Disable AUTH without TLS on {servers}.", when=("server-local",), wider=TLS_ONLY_AUTH),
    Advice(
        "Tell the user of {accounts} to require TLS in the mail client.",
        owner="outside",
        when=("client-outside", "server-local", "accounts"),
    ),
    Advice(
        "Tell the operator of {servers} to refuse AUTH without TLS.",
        owner="outside",
        when=("client-local", "server-outside"),
    ),
)
"""Steps against the next exposure, whatever the secret."""


def exposures(tables: Tables, context: Context, kind: str) -> pl.LazyFrame:
    """Return the exchanges (table `auth`) in the window that exposed a secret of `kind` (`secret_kind`).

    A secret counts under any reply, but a guess exposes nobody: not counted are rejected logins from outside, rejected
    logins of a client that alarms in the test for guessing, and an empty password.
    """
    auth = _with_secret(tables)
    alarms = auth.join(refused_guessers(tables, context), on=list(SOURCE), how="semi")
    # A host of the site that keeps sending one account's password does not guess: it is misconfigured.
    one = (pl.col("account").n_unique() == 1) & (pl.col("secret_length").n_unique() == 1)
    guessers = alarms.group_by(SOURCE).agg((~one).alias("guesser"))
    guess = pl.col("refused") & ((pl.col("direction") == "inbound") | pl.col("guesser").fill_null(value=False))
    not_guessed = auth.join(guessers, on=list(SOURCE), how="left").filter(~guess, context.window.covers())
    return not_guessed.filter(pl.col("secret_kind") == kind)


def _with_secret(tables: Tables) -> pl.LazyFrame:
    """Return the exchanges that carried a secret, guesses included, with the flags `accepted` and `refused`."""
    # `secret_length` is a password's: that it is 0 for a token or a hash says nothing.
    empty = (pl.col("secret_kind") == "password") & (pl.col("secret_length").fill_null(1) == 0)
    # What could not be decoded and was accepted all the same was the right password.
    accepted = (pl.col("secret_kind") == "undecodable") & (pl.col("outcome") == "success")
    undecoded = accepted & pl.col("mechanism").is_in(PASSWORD_MECHANISMS)
    kind = pl.when(undecoded).then(pl.lit("password")).otherwise(pl.col("secret_kind"))
    exchanges = tables["auth"].with_columns(kind.alias("secret_kind"))
    return exchanges.filter(pl.col("secret_kind").is_in(_SECRET_KINDS), ~empty).with_columns(
        (pl.col("outcome") == "success").fill_null(value=False).alias("accepted"),
        pl.col("outcome").is_in(["failure", "rejected"]).fill_null(value=False).alias("refused"),
    )


def by_account(exchanges: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row per account and server: clients, counts, spellings, and the worst outcome.

    Clients of the site and others are apart: the former are its users, among the latter may be whoever took it. Where
    the account is not visible there is a row per client.
    """
    outside = (
        pl.when(pl.col("direction").is_in(["inbound", "external"])).then(pl.lit("outside")).otherwise(pl.lit("inside"))
    )
    owner = pl.coalesce("account", "client")
    return (
        exchanges.with_columns(owner.alias("owner"), outside.alias("side"))
        .group_by(_ACCOUNT)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().sort().head(100).alias("clients"),
            pl.col("client").n_unique().alias("client_count"),
            pl.col("server").unique().alias("servers"),
            pl.col("user").drop_nulls().unique().sort().alias("accounts"),
            pl.col("mechanism").drop_nulls().unique().sort().alias("mechanisms"),
            pl.col("accepted").sum().alias("accepted"),
            pl.col("crosses").max().alias("crosses"),
            (pl.col("accepted") & pl.col("crosses")).any().alias("accepted_across"),
            (pl.col("starttls_offered").fill_null(value=False)).sum().alias("starttls_offered"),
            first_uids().alias("uids"),
        )
    )


def as_findings(accounts: pl.LazyFrame, level: pl.Expr) -> pl.LazyFrame:
    """Return the rows of `by_account` as findings of severity `level`."""
    return to_findings(
        accounts.with_columns(
            entity(*_ACCOUNT),
            level.alias("severity"),
            pl.lit("high").alias("confidence"),
            terms(
                term("exchanges", pl.col("count")),
                term("accepted", pl.col("accepted")),
                term("left_the_site", pl.col("crosses")),
                term("starttls_was_offered", pl.col("starttls_offered")),
            ),
            details(who=who(pl.col("client_count")), mechanisms=pl.col("mechanisms"), no_account=no_account()),
        )
    )
