"""A host of the site mails stolen data to an outside account.

What it sees: a host of the site that is no mail server logs in to a submission server outside, in clear (table `auth`),
and sends at least `min_mails` mails in these connections (table `message`) to at most `max_recipients` addresses. High
if the sequential test alarms (S = max(0, S + ln of the likelihood ratio), alarm at S >= ln(1/alpha)): a trial is a mail
a minute or more after the one before, bad if it goes from an address to itself, or comes at regular intervals (its gap
differs from the gap before by at most `tolerance`); that is how stealers (Agent Tesla and its kin) deliver what they
collected. Else low. One finding per client; `count` is the number of mails.

Why it matters: the host runs a stealer: passwords of its browser and mail programs leave with every mail.

Benign causes: a device or script that reports by mail through a private provider account; an application under test.

What to do: isolate the host; change every password that was ever typed or stored on it; block the outside server; the
account's password was sent in clear: tell its provider.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, terms, test_column, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.facts._common import ENDS, first_uids
from zeeksmtp.facts._rhythm import rhythm
from zeeksmtp.facts.login import MIN_GAP_SECONDS
from zeeksmtp.model import Advice, Context, Detector, Params, Tables
from zeeksmtp.statistics.sequential import SequentialTest, outcomes

_MAIL_SERVERS = ("relay", "submission-server", "bulk-sender")


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
    servers = tables["role"].filter(pl.col("role").is_in(_MAIL_SERVERS)).select(client="host")
    logins = tables["auth"].filter(
        pl.col("direction") == "outbound", pl.col("outcome") == "success", pl.col("secret_kind") == "password"
    )
    who = logins.unique(["uid", *ENDS], keep="first").select("uid", *ENDS, "user")
    sent = tables["message"].filter(context.window.covers(), pl.col("recipients") > 0)
    return sent.join(who, on=["uid", *ENDS]).join(servers, on="client", how="anti")


def _trials(mails: pl.LazyFrame, tolerance: float) -> pl.LazyFrame:
    """Return one trial per mail a minute or more after the one before: an outbox that is emptied is one visit."""
    gap = pl.col("ts").diff().over("client").dt.total_microseconds() / 1e6
    visits = mails.sort("client", "ts", "uid").filter((gap >= MIN_GAP_SECONDS).fill_null(value=True))
    before = pl.col("gap").shift(1).over("client")
    regular = (pl.max_horizontal("gap", before) <= (1 + tolerance) * pl.min_horizontal("gap", before)) & (
        before.is_not_null()
    )
    return visits.with_columns(gap.alias("gap")).select(
        "client",
        "ts",
        (regular | pl.col("to_self")).fill_null(value=False).alias("bad"),
        pl.lit(1, pl.Int64).alias("trials"),
    )


def plan(tables: Tables, params: ExfiltrationParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client."""
    to_self = pl.col("recipient_names").list.contains(pl.col("sender")).fill_null(value=False)
    mails = _mails(tables, context).with_columns(to_self.alias("to_self")).cache()
    gap, _ = rhythm()
    found = mails.group_by("client").agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("count"),
        pl.col("client").unique().alias("clients"),
        pl.col("server").unique().sort().alias("servers"),
        pl.col("user").drop_nulls().unique().sort().alias("accounts"),
        pl.col("recipient_names").explode().drop_nulls().unique().sort().alias("recipients_seen"),
        pl.col("to_self").sum().alias("to_self"),
        gap.fill_null(0).alias("gap"),
        first_uids().alias("uids"),
    )
    tested = outcomes(_trials(mails, params.tolerance), ("client",), params.test(context))
    few = pl.col("recipients_seen").list.len() <= params.max_recipients
    own, alarm = pl.col("to_self") > 0, pl.col("alarm_at").is_not_null()
    return to_findings(
        found.filter(pl.col("count") >= params.min_mails, few)
        .join(tested, on="client")
        .with_columns(
            entity("client"),
            severity({"high": alarm}, otherwise="low"),
            pl.when(own & alarm).then(pl.lit("high")).otherwise(pl.lit("medium")).alias("confidence"),
            terms(
                evidence("mails", pl.col("count")),
                evidence("to_itself", pl.col("to_self"), own.cast(pl.Float64)),
                evidence("recipients", pl.col("recipients_seen").list.len()),
                evidence("seconds_between", pl.col("gap").round(0), alarm.cast(pl.Float64)),
                evidence("alarm", alarm, 0.0),
                evidence("no_alarm", ~alarm, 0.0),
            ),
            details(recipients_seen=pl.col("recipients_seen")),
            test_column(),
        )
    )


DETECTOR = Detector(
    id="credential-exfiltration",
    title="Data exfiltration by mail: {clients} → {servers}",
    summary="{mails:mail} to {recipients_seen} only, {to_itself} of them from an address to itself. Logged in as "
    "{accounts} without TLS.",
    actions=(
        Advice("Isolate {clients} and investigate it.", when=("alarm",)),
        Advice("Change every password that is stored on {clients}.", when=("alarm",)),
        Advice("Block {servers}.", when=("alarm", "server-outside")),
        Advice("Find the program on {clients} that sends mail through {servers}.", when=("no_alarm",)),
    ),
    attack=("T1048.003",),
    needs=("auth", "message", "role"),
    required_logs=("smtp_auth", "smtp"),
    params=ExfiltrationParams,
    plan=plan,
    stage="abuse",
    technique="Credential exfiltration",
    convicts=True,
)
