"""A guessed password was right.

What it sees: a login in clear that was accepted (table `auth`), from a client that had alarmed in the test of
`password-guessing` at that server before (or that took part in the guessing of that account over several sources,
without having been accepted for it earlier), and that had failed logins for that account before. One or two mistyped
passwords never alarm. One finding per client, server and account; `count` is the number of accepted logins.

Why it matters: the attacker is in. What follows is reading mail, sending spam, or asking colleagues to pay.

Benign causes: an authorised password audit; a person who typed many different wrong passwords before the right one (at
the default parameters six, without a single success).

What to do: change the password and end the account's sessions now; review what it sent since (`mass-mailing`,
`account-abuse`); block the source.
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._exposure import KEY
from zeeksmtp.detectors._finding import details, entity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._guessing import (
    ACCOUNT,
    SOURCE,
    DistributedGuessing,
    by_account,
    login_alarms,
    logins,
    of_strangers,
)
from zeeksmtp.detectors._remedy import BLOCK, CHANGE_PASSWORD_NOW, REVIEW_MAIL
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Advice, Context, Detector, Tables


class GuessThenSuccessParams(DistributedGuessing):
    """The guessing that the success ends."""


def plan(tables: Tables, params: GuessThenSuccessParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client, server and account."""
    tries = logins(tables)
    alone = login_alarms(tries, SOURCE, params, context).select(*SOURCE, "alarm_at")
    shared = by_account(of_strangers(tries), params, context).select(*ACCOUNT, pl.col("alarm_at").alias("shared_at"))
    failed = (
        tries.filter(pl.col("bad")).group_by(KEY).agg(pl.col("ts").min().alias("tried_at"), pl.len().alias("refused"))
    )
    successes = tables["auth"].filter(pl.col("outcome") == "success")
    first_success = successes.group_by(KEY).agg(pl.col("ts").min().alias("accepted_at"))
    joined = (
        successes.filter(context.window.covers())
        .join(failed, on=list(KEY))
        .join(first_success, on=list(KEY))
        .join(alone, on=list(SOURCE), how="left")
        .join(shared, on=list(ACCOUNT), how="left")
    )
    # A client that was accepted before it ever failed has the password: the owner, amid the guesses of others.
    shared_at = pl.when(pl.col("accepted_at") >= pl.col("tried_at")).then(pl.col("shared_at"))
    after = pl.col("ts") >= pl.coalesce(pl.col("alarm_at"), shared_at)
    found = (
        joined.filter(after & (pl.col("ts") >= pl.col("tried_at")))
        .group_by(KEY)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().alias("clients"),
            pl.col("server").unique().alias("servers"),
            pl.col("user").drop_nulls().unique().sort().alias("accounts"),
            pl.col("mechanism").drop_nulls().unique().sort().alias("mechanisms"),
            pl.col("refused").first(),
            first_uids().alias("uids"),
        )
    )
    return to_findings(
        found.with_columns(
            entity(*KEY),
            pl.lit("critical").alias("severity"),
            pl.lit("high").alias("confidence"),
            terms(evidence("refused_before", pl.col("refused")), evidence("accepted", pl.col("count"))),
            details(mechanisms=pl.col("mechanisms")),
        )
    )


DETECTOR = Detector(
    id="guess-then-success",
    title="Password guessed: account `{accounts}` ({clients} → {servers})",
    summary="{accepted:successful login} after {refused_before:failed login}, the first at {first}.",
    actions=(
        Advice(CHANGE_PASSWORD_NOW),
        Advice("Review the mail that {accounts} sent since {first}.", wider=REVIEW_MAIL),
        Advice(BLOCK, when=("client-outside",)),
        Advice("Isolate {clients} and investigate it.", when=("client-local",)),
    ),
    attack=("T1110", "T1078"),
    needs=("auth", "login"),
    required_logs=("smtp_auth",),
    params=GuessThenSuccessParams,
    plan=plan,
    stage="access",
    compromises_credentials=True,
    technique="Password guessing",
    convicts=True,
    weaknesses=("password-guessing", "attacker"),
)
