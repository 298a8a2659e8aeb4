"""One password opens two doors.

What it sees: accepted logins in clear (table `auth`) with the same `secret_hash` (the keyed hash that the Zeek script
computes where `site_secret` is set) for two accounts, or for one account at two servers of different owners (the names
in their greetings have no domain in common). One finding per group; `count` is the number of logins. Neither hash nor
length leaves the lake.

Why it matters: who learns one of the passwords, here or at the other owner, has the other account too.

Benign causes: one person with a personal and a shared account; a device with two accounts that somebody set up in one
go; test accounts.

What to do: change all but one of them; give devices passwords of their own.
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._finding import shaped, terms
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.facts._common import first_uids
from zeeksmtp.model import Advice, Context, Detector, Params, Tables


class PasswordReuseParams(Params):
    """No parameters: equal hashes are equal passwords."""


def _owners(tables: Tables) -> pl.LazyFrame:
    """Who runs a server: the last two labels of the name in its greeting, else its own address."""
    named = tables["server"].sort("port").group_by("server").agg(pl.col("host_name").drop_nulls().first())
    domain = pl.col("host_name").str.extract(r"([^.]+\.[^.]+)$")
    return named.select("server", pl.coalesce(domain, "server").alias("owner"))


def plan(tables: Tables, _params: PasswordReuseParams, context: Context) -> pl.LazyFrame:
    """Give one finding per group of accounts that share a password."""
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
            pl.col("account").unique().sort().alias("normal"),
            pl.col("owner").n_unique().alias("owners"),
            first_uids().alias("uids"),
        )
    )
    reused = (pl.col("normal").list.len() > 1) | (pl.col("owners") > 1)
    return shaped(
        found.filter(reused, pl.col("count") > 0).with_columns(
            pl.concat_list(pl.col(c).list.join(",") for c in ("clients", "servers", "normal")).alias("key"),
            pl.lit("medium").alias("severity"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("distinct_accounts", pl.col("normal").list.len()),
                evidence("owners", pl.col("owners")),
                evidence("logins", pl.col("count")),
            ),
        )
    )


DETECTOR = Detector(
    id="password-reuse",
    title="One password for {accounts}",
    summary="{accounts} logged in with one and the same password, at {servers}, from {clients}; {logins:login}.",
    actions=(Advice("Change all but one of these passwords: {accounts}."),),
    attack=("T1078",),
    needs=("auth", "server"),
    required_logs=("smtp_auth",),
    params=PasswordReuseParams,
    plan=plan,
    compromises_credentials=True,
    stage="exposure",
    technique="Cleartext authentication",
)
