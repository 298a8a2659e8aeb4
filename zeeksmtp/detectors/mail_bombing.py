"""One recipient is flooded with mail.

What it sees: mails from outside per recipient and UTC day (table `recipient_day`), whoever sent them and whatever they
say. After `history_days` days of logs a day is judged by all earlier days of the same recipient (days without mail are
zero): the upper tail of a negative binomial with their median and the variance of their median deviation, never
narrower than Poisson; p-values of a day go through Benjamini and Hochberg's procedure at the operator's false discovery
rate. Such a day has at least `min_mails` mails and `min_ratio` times what nine in ten of these days had. Without that
history it is a flood from `first_day_mails` mails on, `min_ratio` times what 19 of 20 recipients had that day. One
finding per recipient; `count` is the number of mails on its days of flood. Severity: medium, high from ten times
`min_mails`; low if fewer than `min_sources` sender domains (or clients) sent them.

Why it matters: the flood hides one mail, such as the receipt of a fraud; or somebody calls next, as the help desk, and
offers to stop it. Subscription bombing sends confirmations of a thousand honest lists, which no filter rejects.

Benign causes: a monitoring service outside whose alarms are mailed (low: one sender); replies to an appeal or a job
advertisement; a mailbox that was moved here.

What to do: warn the user by telephone of calls and of orders never placed, look among the mails of that time for
receipts and password changes, and let the filter hold back bulk mail for this recipient for some days.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import entity, severity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import seen_first
from zeeksmtp.facts.recipient_day import MIN_BURST_MAILS
from zeeksmtp.model import Advice, Context, Detector, Params, Tables
from zeeksmtp.statistics.counts import discovered, robust, upper_tail

_GRAVE = 10
"""So many times `min_mails` in a day are high: reported campaigns send thousands in an hour."""
_PEERS, _BUSY = 0.95, 0.9


class MailBombingParams(Params):
    """When many mails are a flood."""

    history_days: int = Field(
        7, ge=3, description="days of history to judge a recipient by; Source: our choice, each weekday once"
    )
    min_mails: int = Field(
        100,
        ge=MIN_BURST_MAILS,
        description="mails in a day, at least; Source: our choice, a tenth of the smallest campaigns that are reported",
    )
    first_day_mails: int = Field(
        500, ge=MIN_BURST_MAILS, description="mails in a day without history, at least; Source: our choice, as above"
    )
    min_ratio: float = Field(
        3, ge=1, description="times a busy day before, at least; Source: our choice, as workloads double"
    )
    min_sources: int = Field(
        3, ge=1, description="sender domains or clients, at least; Source: our choice, alarms come from one or two"
    )


def _days(tables: Tables) -> pl.LazyFrame:
    """Add to each recipient's days what the days before were: `age` of the logs in days, `usual`, `variance`, `busy`.

    Centre and spread are robust, and `busy` is the ninth of ten: a flood last week must not hide one today.
    """
    began = tables["recipient_day"].select(pl.col("day").min().alias("began"))
    # Who never had as many in a day as a flood has needs no history.
    heavy = tables["recipient_day"].filter(pl.col("mails") >= MIN_BURST_MAILS).select("recipient").unique()
    days = tables["recipient_day"].join(heavy, on="recipient", how="semi").join(began, how="cross")
    days = days.with_columns((pl.col("day") - pl.col("began")).dt.total_days().alias("age")).cache()
    earlier = days.select("recipient", then="day", was=pl.col("mails").cast(pl.Int64))
    past = days.select("recipient", "day", "age").join(earlier, on="recipient").filter(pl.col("then") < pl.col("day"))
    listed = past.group_by("recipient", "day").agg("was", pl.col("age").first())
    empty = (pl.col("age") - pl.col("was").list.len().cast(pl.Int64)).clip(lower_bound=0)
    whole = listed.with_columns(pl.concat_list("was", pl.lit(0, pl.Int64).repeat_by(empty)).alias("was"))
    centre, variance = robust(pl.col("was"))
    busy = pl.col("was").list.eval(pl.element().quantile(_BUSY, "lower")).list.first()
    usual = whole.select("recipient", "day", centre.alias("usual"), variance.alias("variance"), busy.alias("busy"))
    known = days.join(usual, on=["recipient", "day"], how="left")
    return known.with_columns(pl.col("usual", "variance", "busy").fill_null(0))


def _floods(tables: Tables, params: MailBombingParams, context: Context) -> pl.LazyFrame:
    """Return the days of flood in the window."""
    peers = tables["recipient_day"].group_by("day").agg(pl.col("mails").quantile(_PEERS, "lower").alias("peers"))
    known = pl.col("age") >= params.history_days
    days = _days(tables).join(peers, on="day", how="left").cache()
    p = upper_tail(pl.col("mails"), pl.col("usual"), pl.col("variance"))
    judged = days.filter(known).with_columns(discovered(p, context.false_discovery_rate, "day").alias("unusual"))
    past = judged.filter("unusual", pl.col("mails") >= params.min_ratio * pl.col("busy"))
    new = days.filter(
        ~known,
        pl.col("mails") >= params.first_day_mails,
        pl.col("mails") >= params.min_ratio * pl.max_horizontal("peers", "busy"),
    )
    floods = pl.concat([past.drop("unusual"), new])
    return floods.filter(pl.col("mails") >= params.min_mails, context.window.covers("last"))


def plan(tables: Tables, params: MailBombingParams, context: Context) -> pl.LazyFrame:
    """Return one finding per recipient."""
    found = (
        _floods(tables, params, context)
        .group_by("recipient")
        .agg(
            pl.col("first").min(),
            pl.col("last").max(),
            pl.col("mails").sum().cast(pl.UInt64).alias("count"),
            pl.col("mails").max().alias("busiest"),
            pl.col("sources").max(),
            pl.col("usual").first(),
            pl.col("mail_servers").explode().unique().sort().alias("servers"),
            seen_first("samples").alias("seen"),
        )
        .with_columns(pl.col("seen").list.eval(pl.element().struct.field("uid")).alias("uids"))
    )
    few, many = pl.col("sources") < params.min_sources, pl.col("busiest") >= _GRAVE * params.min_mails
    return to_findings(
        found.with_columns(
            entity("recipient"),
            severity({"low": few, "high": many}, otherwise="medium"),
            pl.when(few).then(pl.lit("low")).otherwise(pl.lit("medium")).alias("confidence"),
            pl.concat_list("recipient").alias("accounts"),
            terms(
                evidence("mails", pl.col("count")),
                evidence("busiest_day", pl.col("busiest")),
                evidence("usual_in_a_day", pl.col("usual")),
                evidence("sender_domains", pl.col("sources")),
            ),
        )
    )


DETECTOR = Detector(
    id="mail-bombing",
    title="Mail bombing of `{accounts}`",
    summary="{mails:mail} from {sender_domains:source} (domains or hosts); {busiest_day:mail} on the busiest day, "
    "usually {usual_in_a_day}.",
    actions=(
        Advice("Warn the user of {accounts} of calls from a supposed help desk, by telephone."),
        Advice("Search the mails to {accounts} since {first} for receipts, orders and password changes."),
    ),
    attack=("T1667",),
    needs=("recipient_day",),
    required_logs=("smtp",),
    params=MailBombingParams,
    plan=plan,
    stage="abuse",
    technique="Mail bombing",
)
