"""A host suddenly sends far more mail than usual.

What it sees: messages and recipients per local client and hour (table `volume`, the larger of the two) against what
the same hours of earlier weeks had (robust centre and spread, upper tail of a negative binomial, never narrower than
Poisson; without a week of history, hosts of the same role), at the operator's false discovery rate over all
client-hours of the UTC day, and at least `min_messages`. Volume alone is not reported: one more kind of evidence must
meet it, among the mails and sessions of these hours: several sender domains (to several recipient domains: a migration
or a forwarder has one), refused or blocklisted deliveries, a role that is new (mail to several domains, none ever
before in at least `history_days` of logs), a HELO name that changes or is a bare word, odd hours (at night, when it
never sent before). One finding per client; `count` is the number of messages in the unusual hours. Severity: high;
critical with three kinds or more.

Why it matters: a compromised account or host sends what it can before somebody notices; blocklists notice first.

Benign causes: a newsletter, a backup report, a mailbox migration, a mailing list, out-of-office replies after a
holiday: much mail, but one sender domain, few refusals, one HELO name.

What to do: hold the host's or the account's mail, look at a sample, change the password or clean the host, and ask the
blocklists that are named for removal afterwards. A known bulk sender: set its role in the configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import entity, number_of_kinds, severity, terms, test_column, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import first_uids_seen
from zeeksmtp.facts.busy_hour import MAX_SERVERS
from zeeksmtp.facts.usual import HISTORY_DAYS
from zeeksmtp.model import Advice, Context, Detector, Params, Tables
from zeeksmtp.statistics.counts import discovered

_ALLOWED_ROLES = ("bulk-sender",)
_FORWARDING_ROLES = ("relay", "gateway")  # they carry other people's domains
_HOUR = ("client", "hour")
_MIN_REFUSED_RATIO = 2.0  # refusals weigh where their share doubles
_MIN_P = 1e-300  # a tail that underflows is not infinitely unlikely


class MassMailingParams(Params):
    """When volume is unusual, and which evidence must confirm it."""

    min_messages: int = Field(
        30, ge=1, description="messages or recipients in an hour; Source: SPOT's count, 30 an hour"
    )
    min_sender_domains: int = Field(3, ge=2, description="distinct sender domains; Source: as in new-direct-sender")
    min_refused_share: float = Field(
        0.1, gt=0, le=1, description="share of refused recipients and messages; Source: as in new-direct-sender"
    )
    history_days: int = Field(
        HISTORY_DAYS, ge=1, description="days of logs without mail of the host; Source: our choice, each weekday once"
    )
    night_from: int = Field(
        22, ge=12, le=23, description="hour of the site's clock at which odd hours begin; Source: our choice"
    )
    night_to: int = Field(
        6, ge=0, le=11, description="hour of the site's clock at which odd hours end; Source: our choice"
    )


def _hours(tables: Tables, params: MassMailingParams, context: Context) -> pl.LazyFrame:
    found = discovered(pl.col("p"), context.false_discovery_rate, "day").fill_null(value=False)
    score = -pl.col("p").clip(lower_bound=_MIN_P).log()
    unusual = (
        tables["volume"]
        .filter(found)
        .with_columns(score.alias("score"), score.min().over("day").alias("threshold"))
        .filter(pl.col("value") >= params.min_messages)
        .join(tables["volume"].group_by("client").agg(pl.len().alias("trials")), on="client")
        .cache()
    )
    allowed = tables["role"].filter(pl.col("role").is_in(_ALLOWED_ROLES)).select(client="host")
    # Whether it sent before, and at which hours of the day, decides if the role and the time are new.
    clock = pl.col("hour").dt.convert_time_zone(context.site.timezone).dt.hour()
    past = tables["volume"].filter(pl.col("messages") > 0).select("client", then="hour", then_clock=clock)
    before = (
        unusual.select(*_HOUR, clock.alias("clock"))
        .join(past, on="client")
        .filter(pl.col("then") < pl.col("hour"))
        .group_by(_HOUR)
        .agg(
            pl.col("then").max().alias("sent_before"),
            (pl.col("then_clock") == pl.col("clock")).any().alias("sent_at_this_hour"),
        )
    )
    forwards = tables["role"].select(client="host", forwards=pl.col("role").is_in(_FORWARDING_ROLES))
    began = tables["volume"].select(pl.col("hour").min().alias("logs_since"))
    old_enough = pl.col("hour") - pl.col("logs_since") >= timedelta(days=params.history_days)
    night = (clock >= params.night_from) | (clock < params.night_to)
    return (
        unusual.filter(context.window.covers("hour"))
        .join(allowed, on="client", how="anti")
        .join(forwards, on="client", how="left")
        .with_columns(pl.col("forwards").fill_null(value=False))
        .join(before, on=list(_HOUR), how="left")
        .join(began, how="cross")
        .with_columns(
            (old_enough & pl.col("sent_before").is_null()).alias("new_role"),
            (old_enough & night & ~pl.col("sent_at_this_hour").fill_null(value=False)).alias("odd_hour"),
        )
    )


def _evidence(busy: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    """Return the evidence of mails and sessions, per key that has mails."""
    columns = {"sender_domains": "sender_domains", "to_domains": "recipient_domains", "helo_names": "names"}
    several = [pl.col(column).explode().drop_nulls().n_unique().alias(name) for name, column in columns.items()]
    return (
        busy.group_by(keys)
        .agg(
            *several,
            pl.col("refused_mails", "mails", "refused", "rcpt").sum(),
            pl.col("last").max().alias("complete_at"),
            pl.col("server_hosts").explode().drop_nulls().unique().sort().head(MAX_SERVERS).alias("servers"),
            first_uids_seen("sightings").alias("uids"),
            pl.col("bare_helo").any(),
        )
        .filter(pl.col("mails") > 0)
    )


def _refused_before(every: pl.LazyFrame, hours: pl.LazyFrame) -> pl.LazyFrame:
    """Return the share of its recipients that a client had refused before its first unusual hour."""
    began = hours.group_by("client").agg(pl.col("hour").min().alias("began"))
    earlier = every.select(*_HOUR, "refusals", "rcpt").join(began, on="client").filter(pl.col("hour") < pl.col("began"))
    share = pl.col("refusals").sum() / pl.col("rcpt").sum().clip(lower_bound=1)
    return earlier.group_by("client").agg(share.alias("refused_before"))


def _kinds(params: MassMailingParams) -> dict[str, tuple[pl.Expr, pl.Expr]]:
    """Return the kinds of evidence beside volume: value, and whether it weighs."""
    refused = pl.max_horizontal(
        pl.col("refused").fill_null(0) / pl.col("rcpt").clip(lower_bound=1), pl.col("refused_mails") / pl.col("mails")
    ).fill_null(0)
    least = params.min_sender_domains
    several = (pl.col("sender_domains") >= least) & (pl.col("to_domains") >= least)
    # Mailboxes are moved, and reports written, at night, by new hosts with short names: but to one domain.
    abroad = pl.col("to_domains") > 1
    # A mailing list has its dead addresses every day.
    usual = _MIN_REFUSED_RATIO * pl.col("refused_before").fill_null(0)
    return {
        "sender_domains": (pl.col("sender_domains"), several & ~pl.col("forwards")),
        "refused_share": (refused, (refused >= params.min_refused_share) & (refused >= usual)),
        "new_role": (pl.col("new_role"), pl.col("new_role") & abroad),
        "helo_names": (pl.col("helo_names"), (pl.col("helo_names") > 2) | (pl.col("bare_helo") & abroad)),
        "odd_hour": (pl.col("odd_hour"), pl.col("odd_hour") & abroad),
    }


def _alarms(hours: pl.LazyFrame, busy: pl.LazyFrame, before: pl.LazyFrame, params: MassMailingParams) -> pl.LazyFrame:
    """Return when the detector could alarm: in the first unusual hour with evidence of its own, else in the last one.

    It is the time of the hour's last mail, when its count was complete. Score and threshold are those of the most
    unusual hour (of several that are equally so, the last).
    """
    each = hours.join(_evidence(busy, _HOUR), on=list(_HOUR), how="left").join(before, on="client", how="left")
    evident = pl.col("complete_at").filter(number_of_kinds(_kinds(params)) > 0).min()
    worst = pl.col("threshold").sort_by("score", "hour").last()
    return each.group_by("client").agg(
        pl.coalesce(evident, pl.col("complete_at").max()).alias("alarm_at"),
        worst.alias("threshold"),
        pl.col("score").max(),
        pl.len().alias("bad"),
    )


def plan(tables: Tables, params: MassMailingParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client."""
    hours = _hours(tables, params, context).cache()
    busy = tables["busy_hour"].join(hours.select(_HOUR), on=list(_HOUR), how="semi").cache()
    before = _refused_before(tables["host_hour"], hours).cache()
    found = hours.group_by("client").agg(
        pl.col("hour").min().alias("first"),
        (pl.col("hour").max() + timedelta(hours=1)).alias("last"),
        pl.col("messages").sum().alias("count"),
        pl.col("recipients").sum(),
        pl.len().alias("hours"),
        pl.col("forwards").first(),
        (pl.col("value") / pl.col("expected").clip(lower_bound=0.1)).max().alias("times_expected"),
        pl.col("new_role").any(),
        pl.col("odd_hour").any(),
        pl.col("trials").first(),
    )
    joined = (
        found.join(_evidence(busy, ("client",)), on="client", how="left")
        .join(before, on="client", how="left")
        .join(_alarms(hours, busy, before, params), on="client", how="left")
    )
    kinds = _kinds(params)
    number = number_of_kinds(kinds)
    shown = {name: pl.col(name) for name in ("recipients", "hours", "times_expected")}
    return to_findings(
        joined.filter(number > 0).with_columns(
            entity("client"),
            severity({"critical": number >= 3}, otherwise="high"),
            pl.when(number >= 2).then(pl.lit("high")).otherwise(pl.lit("medium")).alias("confidence"),
            pl.concat_list("client").alias("clients"),
            terms(
                *(evidence(name, value.fill_null(0).round(1), 1.0) for name, value in shown.items()),
                *(
                    evidence(
                        name,
                        value.cast(pl.Float64).fill_null(0).round(3),
                        holds.fill_null(value=False).cast(pl.Float64),
                    )
                    for name, (value, holds) in kinds.items()
                ),
            ),
            test_column(),
        )
    )


DETECTOR = Detector(
    id="mass-mailing",
    title="Mass mailing from {clients}",
    summary="{count:message} to {recipients:recipient} in {hours:unusual hour}, up to {times_expected} times the usual "
    "volume. {sender_domains:sender domain}, share rejected {refused_share}, {helo_names:HELO name}.",
    actions=(
        Advice("Hold outgoing mail of {clients} and review a sample."),
        Advice("Find the account or program on {clients} that sends it."),
        Advice("If {clients} is a known bulk sender, set its role in the configuration."),
    ),
    attack=("T1071.003", "T1566"),
    needs=("volume", "host_hour", "busy_hour", "role"),
    required_logs=("smtp",),
    params=MassMailingParams,
    plan=plan,
    stage="abuse",
    technique="Outbound spam",
    convicts=True,
)
