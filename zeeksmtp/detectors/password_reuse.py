"""One password opens several accounts.

What it sees: accepted logins in clear (table `auth`) with the same `secret_hash` (the keyed hash that the Zeek script
computes where `site_secret` is set) for two accounts, or for one account at two servers of different owners (the names
in their greetings have no domain in common). One finding per password; `count` is the number of logins. Neither hash
nor length is shown; only the id of the finding depends on the hash.

Why it matters: whoever learns one of the passwords, here or at the other owner, has the other account too.

Benign causes: one person with a personal and a shared account; a device with two accounts that somebody set up in one
go; test accounts.

What to do: change all but one of them; give devices passwords of their own.
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._finding import entity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Advice, Context, Detector, Params, Tables


class PasswordReuseParams(Params):
    """No parameters: equal hashes are equal passwords."""


def _owners(tables: Tables) -> pl.LazyFrame:
    """Return the owner of each server: the last two labels of the name in its greeting, else its own address."""
    named = tables["server"].sort("port").group_by("server").agg(pl.col("host_name").drop_nulls().first())
    domain = pl.col("host_name").str.extract(r"([^.]+\.[^.]+)$")
    return named.select("server", pl.coalesce(domain, "server").alias("owner"))


def plan(tables: Tables, _params: PasswordReuseParams, context: Context) -> pl.LazyFrame:
    """Return one finding per password that several accounts, or several owners' servers, share."""
    accepted = tables["auth"].filter(
        pl.col("secret_hash").is_not_null(), pl.col("secret_kind") == "password", pl.col("outcome") == "success"
    )
    found = (
        accepted.join(_owners(tables), on="server", how="left")
        .group_by("secret_hash")
        .agg(
            pl.col("ts").filter(context.window.covers()).min().alias("first"),
            pl.col("ts").filter(context.window.covers()).max().alias("last"),
            context.window.covers().sum().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().sort().alias("clients"),
            pl.col("server").unique().sort().alias("servers"),
            pl.col("user").unique().sort().alias("accounts"),
            pl.col("account").n_unique().alias("distinct_accounts"),
            pl.col("owner").n_unique().alias("owners"),
            first_uids().alias("uids"),
        )
    )
    is_shared = (pl.col("distinct_accounts") > 1) | (pl.col("owners") > 1)
    return to_findings(
        found.filter(is_shared, pl.col("count") > 0).with_columns(
            entity("secret_hash"),
            pl.lit("medium").alias("severity"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("distinct_accounts", pl.col("distinct_accounts")),
                evidence("owners", pl.col("owners")),
                evidence("distinct_servers", pl.col("servers").list.len()),
                evidence("logins", pl.col("count")),
            ),
        )
    )


DETECTOR = Detector(
    id="password-reuse",
    title="Password reuse: {accounts} at {servers}",
    summary="{distinct_accounts:account} at {distinct_servers:server} of {owners:owner} share one password: "
    "{logins:login} without TLS.",
    actions=(Advice("Change the password of {accounts}, so that each account has one of its own."),),
    attack=("T1078",),
    needs=("auth", "server"),
    required_logs=("smtp_auth",),
    params=PasswordReuseParams,
    plan=plan,
    compromises_credentials=True,
    stage="exposure",
    technique="Cleartext authentication",
    weaknesses=("auth-before-tls",),
)
