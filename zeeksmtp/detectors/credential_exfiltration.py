"""A host of the site mails stolen data to an outside account.

What it sees: a host of the site that is no mail server logs in to a submission server outside, in clear, and sends at
least `min_mails` mails in these connections (table `outside_submission`) to at most `max_recipients` addresses. High if
the sequential test alarms (S = max(0, S + ln of the likelihood ratio), alarm at S >= ln(1/alpha)): a trial is a mail a
minute or more after the one before, bad if it goes from an address to itself, comes at regular intervals (its gap
differs from the gap before by at most `tolerance`) or has an attachment of the size of the one before (files.log, or
the bytes of the session); that is how stealers (Agent Tesla and its kin) deliver what they collected. High also, after
a single mail, if the host looked up its own address outside (table `lookup`: api.ipify.org and the like) in the
`echo_minutes` before, and at least half of these look-ups are followed by mail. Else low. One finding per client;
`count` is the number of mails.
Without a login in sight it is inferred from sessions with a submission server outside (ports 465, 587, 2525): medium
with mails in clear to so few addresses, if the test alarms, or if a look-up precedes and hardly another host of the
site uses that server; inside TLS, where no mail is visible, at such a server medium with both (or two sessions after
look-ups), low with one. `count` is the number of sessions.

Why it matters: the host runs a stealer: passwords of its browser and mail programs leave with every mail.

Benign causes: a device or script that reports by mail through a private provider account; an application under test.
A program that keeps a dynamic DNS name up to date asks for its address all day: most of that is not followed by mail.

What to do: isolate the host; change every password that was ever typed or stored on it; block the outside server; the
account's password was sent in clear: tell its provider.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, terms, test_column, text_if, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._outside_submission import (
    MAIL_SERVER_ROLES,
    trials,
    visits_without_login,
    with_echo,
)
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.expressions.rhythm import rhythm
from zeeksmtp.model import Advice, Context, Detector, Params, Tables
from zeeksmtp.statistics.sequential import SequentialTest, outcomes


class ExfiltrationParams(Params):
    """When mail through an outside account is exfiltration."""

    min_mails: int = Field(3, ge=1, description="mails through the account; Source: our choice, a test is one or two")
    max_recipients: int = Field(
        2,
        ge=1,
        description="distinct recipients at most; Source: our choice, a stealer has one drop, or two",
    )
    tolerance: float = Field(
        0.1, gt=0, lt=1, description="how far a gap differs from the one before; Source: our choice, see theta0"
    )
    echo_minutes: float = Field(
        5,
        ge=1,
        le=60,
        description="minutes between an address-echo look-up and the mail; Source: our choice, a recorded Agent Tesla "
        "took two seconds",
    )
    theta0: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="share of such mails of the innocent; Source: of two gaps between events of a Poisson process one "
        "lies within 10 % of the other by a chance of .05",
    )
    theta1: float = Field(
        0.5, gt=0, lt=1, description="share of such mails of stealers; Source: our choice, every second may be late"
    )
    memory_days: float = Field(
        30, gt=0, le=365, description="days without a mail after which the score starts anew; Source: our choice"
    )

    def test(self, context: Context) -> SequentialTest:
        """Return the test with the operator's `alpha`."""
        return SequentialTest(self.theta0, self.theta1, context.alpha, self.memory_days)


def _mails(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return mails of the site's hosts in connections with an accepted login in clear at an outside server."""
    servers = tables["role"].filter(pl.col("role").is_in(MAIL_SERVER_ROLES)).select(client="host")
    sent = tables["outside_submission"].filter("logged_in", context.window.covers())
    return sent.join(servers, on="client", how="anti")


def _summed(visits: pl.LazyFrame, params: ExfiltrationParams, context: Context) -> pl.LazyFrame:
    """Return one row per client, with the outcome of the test; `visits` are mails or sessions."""
    gap, _ = rhythm()
    found = visits.group_by("client").agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("count"),
        pl.col("client").unique().alias("clients"),
        pl.col("server").unique().sort().alias("servers"),
        pl.col("recipient_names").explode().drop_nulls().unique().sort().alias("recipients_seen"),
        pl.col("to_self").sum().alias("to_self"),
        pl.col("uid").filter("echo").n_unique().alias("after_look_up"),
        pl.col("look_ups").max(),
        pl.col("echo_name").drop_nulls().unique().sort().alias("echo_name"),
        gap.fill_null(0).alias("gap"),
        first_uids().alias("uids"),
    )
    followed = (pl.col("after_look_up") > 0) & (2 * pl.col("after_look_up") >= pl.col("look_ups"))
    return found.join(
        outcomes(trials(visits, params.tolerance), ("client",), params.test(context)), on="client"
    ).with_columns(pl.col("alarm_at").is_not_null().alias("alarm"), followed.alias("echoed"))


def _evidence(strong: pl.Expr) -> tuple[pl.Expr, ...]:
    """Return terms and details; `strong` says that the host has to be isolated."""
    own = pl.col("to_self") > 0
    return (
        terms(
            evidence("mails", pl.col("count")),
            evidence("to_itself", pl.col("to_self"), own.cast(pl.Float64)),
            evidence("recipients", pl.col("recipients_seen").list.len()),
            evidence("seconds_between", pl.col("gap").round(0), pl.col("alarm").cast(pl.Float64)),
            evidence("after_look_up", pl.col("after_look_up"), pl.col("echoed").cast(pl.Float64)),
            evidence("alarm", strong, 0.0),
            evidence("no_alarm", ~strong, 0.0),
        ),
        details(
            recipients_seen=pl.col("recipients_seen"),
            note=text_if(own, pl.format("Sent by an address to itself: {}.", "to_self")),
            look_up=text_if(
                pl.col("echoed"), pl.format("Address-echo look-up before: {}.", pl.col("echo_name").list.join(", "))
            ),
            sent=pl.concat_list(_sent()),
            login=text_if(
                pl.col("accounts").list.len() > 0,
                pl.format("Logged in as {} without TLS.", pl.col("accounts").list.join(", ")),
            ),
        ),
        test_column(),
    )


def _sent() -> pl.Expr:
    """Return what was sent, in words."""
    plural = pl.when(pl.col("count") == 1).then(pl.lit("")).otherwise(pl.lit("s"))
    to_few = pl.format("{} mail{} to {} only", "count", plural, pl.col("recipients_seen").list.join(", "))
    in_tls = pl.format("{} session{} inside TLS, at a server that hardly anybody uses", "count", plural)
    return pl.when(pl.col("recipients_seen").list.len() > 0).then(to_few).otherwise(in_tls)


def _observed(mails: pl.LazyFrame, params: ExfiltrationParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client that was seen logging in."""
    users = mails.group_by("client").agg(pl.col("user").drop_nulls().unique().sort().alias("accounts"))
    few = pl.col("recipients_seen").list.len() <= params.max_recipients
    strong = pl.col("alarm") | pl.col("echoed")
    found = _summed(mails, params, context).filter((pl.col("count") >= params.min_mails) | pl.col("echoed"), few)
    sure = (pl.col("to_self") > 0) & pl.col("alarm")
    return to_findings(
        found.join(users, on="client").with_columns(
            entity("client"),
            severity({"high": strong}, otherwise="low"),
            pl.when(sure).then(pl.lit("high")).otherwise(pl.lit("medium")).alias("confidence"),
            *_evidence(strong),
        )
    )


def _inferred(visits: pl.LazyFrame, params: ExfiltrationParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client without a login in sight."""
    recipients = pl.col("recipients_seen").list.len()
    in_clear = recipients > 0
    alarm, echoed = pl.col("alarm"), pl.col("echoed")
    twice = echoed & (alarm | (pl.col("after_look_up") >= 2))
    strong = pl.when(in_clear).then(alarm | echoed).otherwise(twice)
    rare = visits.group_by("client").agg(pl.col("rare").all())
    found = _summed(visits, params, context).join(rare, on="client")
    found = found.filter(recipients <= params.max_recipients, alarm | (echoed & pl.col("rare")))
    return to_findings(
        found.with_columns(pl.lit([], dtype=pl.List(pl.String)).alias("accounts")).with_columns(
            entity("client"),
            severity({"medium": strong}, otherwise="low"),
            pl.when(alarm & echoed).then(pl.lit("medium")).otherwise(pl.lit("low")).alias("confidence"),
            pl.lit("inferred").alias("visibility"),
            *_evidence(strong),
        )
    )


def plan(tables: Tables, params: ExfiltrationParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client."""
    mails = with_echo(_mails(tables, context), tables, context, params.echo_minutes).cache()
    observed = _observed(mails, params, context)
    visits = with_echo(visits_without_login(tables, context), tables, context, params.echo_minutes)
    rest = visits.join(observed.select(client=pl.col("key").list.first()), on="client", how="anti").cache()
    return pl.concat([observed, _inferred(rest, params, context)])


DETECTOR = Detector(
    id="credential-exfiltration",
    title="Data exfiltration by mail: {clients} → {servers}",
    summary="{sent}.{note: %}{look_up: %}{login: %}",
    actions=(
        Advice("Isolate {clients} and investigate it.", when=("alarm",)),
        Advice("Change every password that is stored on {clients}.", when=("alarm",)),
        Advice("Block {servers}.", when=("alarm", "server-outside")),
        Advice("Find the program on {clients} that sends mail through {servers}.", when=("no_alarm",)),
    ),
    attack=("T1048.003",),
    needs=("outside_submission", "lookup", "pair", "role"),
    required_logs=("smtp_auth", "smtp"),
    inferred_from=("conn|smtp",),
    params=ExfiltrationParams,
    plan=plan,
    stage="abuse",
    technique="Credential exfiltration",
    convicts=True,
)
