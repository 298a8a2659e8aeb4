"""Someone asks a mail server which users exist.

What it sees: VRFY, EXPN and RCPT with their replies (table `query`, from smtp_cmd.log). Trials of a client at a server
are the distinct names that it asked for: bad if the server said that the name does not exist, good if it exists or was
accepted. The sequential test (S = max(0, S + ln of the likelihood ratio), alarm at S >= ln(1/alpha)) fires, or
`min_names` distinct names asked by VRFY and EXPN, over the whole lake, whatever the replies. Per server, connections in
which outside clients, none of which alarms alone, asked in vain are tested against the server's own rate (Page's test,
alarm at the same h; it needs a day of logs and at least `min_sources` clients): so a distributed harvest stands out
from the background of the Internet. `count` is the number of distinct names. Severity: high if names were confirmed,
medium else. Below that: a lone VRFY or EXPN from inside, and what the Internet asks a server all day (one line per
server), are info.

Why it matters: a list of users is what password guessing and phishing start from; a confirmed name is worth a try.

Benign causes: an administrator testing; a monitoring probe; a mailing list with dead addresses (most of its recipients
exist, so it does not alarm); a mailbox migration.

What to do: switch VRFY and EXPN off (Postfix: disable_vrfy_command = yes; Sendmail: PrivacyOptions=goaway; Exim: no
acl_smtp_vrfy and acl_smtp_expn), slow down or cut off clients after unknown recipients, block the source, and expect
the confirmed names to be tried next.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._asking import PAIR, asking, number_of_trials, questions, summed, trials
from zeeksmtp.detectors._finding import details, entity, severity, shaped, terms, test_column
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.logs._types import dtype_of
from zeeksmtp.model import Advice, Context, Daily, Detector, Params, Tables
from zeeksmtp.statistics.rate import surges
from zeeksmtp.statistics.sequential import SequentialTest, outcomes


class EnumerationParams(Params):
    """When asking for names is an enumeration."""

    theta0: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="share of unknown names among the innocent; Source: measured on the choosing half of the "
        "simulated sites (`make evaluate`)",
    )
    theta1: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="share of unknown names among harvesters; Source: measured on the choosing half of the "
        "simulated sites (`make evaluate`)",
    )
    memory_days: float = Field(
        30,
        gt=0,
        le=365,
        description="days without a question after which the score starts anew; Source: our choice, a month of logs",
    )
    min_names: int = Field(
        5, ge=2, description="distinct names asked by VRFY or EXPN that are enough; Source: fail2ban's maxretry of 5"
    )
    min_sources: int = Field(
        3, ge=2, description="clients that a distributed harvest has at least; Source: our choice, two may be one NAT"
    )


def _test(params: EnumerationParams, context: Context) -> SequentialTest:
    return SequentialTest(params.theta0, params.theta1, context.alpha, params.memory_days)


def _pairs(tables: Tables, asked: pl.LazyFrame, params: EnumerationParams, context: Context) -> pl.LazyFrame:
    """One row per client and server that may fire or asked by VRFY or EXPN: the test, and whether it fires."""
    test = _test(params, context)
    direct = pl.col("name").filter(pl.col("verb").is_in(["VRFY", "EXPN"])).n_unique()
    lake = asked.group_by(PAIR).agg(
        direct.alias("names_in_lake"), (pl.col("verdict") == "unknown").sum().alias("unknown_in_lake")
    )
    worth = lake.filter((pl.col("names_in_lake") > 0) | (pl.col("unknown_in_lake") >= test.least_bad)).cache()
    tried = trials(tables, asked.join(worth, on=list(PAIR), how="semi")).join(worth, on=list(PAIR), how="semi")
    fires = pl.col("alarm_at").is_not_null() | (pl.col("names_in_lake") >= params.min_names)
    tested = worth.select(*PAIR, "names_in_lake").join(outcomes(tried, PAIR, test), on=list(PAIR), how="left")
    return tested.with_columns(fires.alias("fires")).cache()


def _finding(rows: pl.LazyFrame, keys: tuple[str, ...]) -> pl.LazyFrame:
    confirmed = pl.col("confirmed_names").list.len()
    counted = {
        "names": pl.col("count"),
        "confirmed": confirmed,
        "unknown": pl.col("unknown"),
        "sources": pl.col("sources"),
    }
    id_inside, id_outside = pl.lit(["T1087.003"]), pl.lit(["T1589.002"])
    return shaped(
        rows.with_columns(
            entity(*keys),
            severity({"info": ~pl.col("fires"), "high": confirmed > 0}, otherwise="medium"),
            pl.when(pl.col("verbs").list.contains("RCPT") & pl.col("fires"))
            .then(pl.lit("medium"))
            .otherwise(pl.lit("high"))
            .alias("confidence"),
            terms(*(evidence(name, value) for name, value in counted.items())),
            details(verbs=pl.col("verbs"), confirmed_names=pl.col("confirmed_names"), disclosed=pl.col("disclosed")),
            pl.when(pl.col("score").is_not_null()).then(test_column()).alias("test"),
            pl.when(pl.col("inside")).then(id_inside).otherwise(id_outside).alias("attack"),
        )
    )


def _untested() -> list[pl.Expr]:
    dtype = dtype_of("test")
    assert isinstance(dtype, pl.Struct)  # noqa: S101 - narrows the type for the line below
    return [pl.lit(None, field.dtype).alias(field.name) for field in dtype.fields]


def _distributed(asked: pl.LazyFrame, pairs: pl.LazyFrame, params: EnumerationParams, context: Context) -> pl.LazyFrame:
    """The worst time at which a server was asked by more than its background; and, as one line, that background."""
    asking = (pl.col("verb") != "RCPT") | (pl.col("verdict") == "unknown")
    vain = asked.filter(pl.col("direction") == "inbound", asking).join(pairs.filter("fires"), on=list(PAIR), how="anti")
    vain = vain.cache()
    surge = surges(vain, asked, ("server",), "uid", context.alpha).cache()
    told = vain.filter(context.window.covers()).join(surge, on="server", how="left")
    during = pl.col("ts").is_between("since", "till", closed="left").fill_null(value=False)
    harvest = summed(told.filter(during), ("server",)).filter(pl.col("sources") >= params.min_sources)
    harvest = harvest.join(surge, on="server").cache()
    background = summed(told.join(harvest, on="server", how="anti"), ("server",))
    return pl.concat(
        [
            _finding(harvest.with_columns(pl.lit(value=True).alias("fires")), ("server",)),
            _finding(background.with_columns(*_untested(), pl.lit(value=False).alias("fires")), ("server",)),
        ]
    )


def plan(tables: Tables, params: EnumerationParams, context: Context) -> pl.LazyFrame:
    """Give the findings per client and server, and per server."""
    asked = questions(tables).cache()
    pairs = _pairs(tables, asked, params, context)
    told = asked.filter(context.window.covers()).join(pairs.select(*PAIR, "fires"), on=list(PAIR))
    # Recipients are questions only of who enumerates; of others just VRFY and EXPN are worth a word.
    rows = summed(told.filter(pl.col("fires") | (pl.col("verb") != "RCPT")), PAIR).join(pairs, on=list(PAIR))
    alone = _finding(rows.filter(pl.col("fires") | pl.col("inside")), PAIR)
    return pl.concat([alone, _distributed(asked, pairs, params, context)])


def count_trials(tables: Tables, _params: EnumerationParams, _context: Context) -> pl.LazyFrame:
    """Give the number of names that were judged, once per client and server."""
    return number_of_trials(tables)


DETECTOR = Detector(
    id="user-enumeration",
    title="{clients} asked {servers} which users exist",
    summary="{clients} asked {servers} for {names:name} by {verbs}: {confirmed} confirmed{confirmed_names: (%)}, "
    "{unknown} unknown.",
    actions=(
        Advice(
            "Switch VRFY and EXPN off on {servers}, block {clients}, and watch the confirmed names for login attempts."
        ),
    ),
    attack=("T1589.002",),
    needs=("query", "role"),
    required_logs=("smtp_cmd",),
    params=EnumerationParams,
    plan=plan,
    stage="recon",
    trials=count_trials,
    daily=Daily(("session", "command"), asking),
    technique="User enumeration",
    convicts=True,
)
