"""A client keeps talking SMTP to a server without ever sending mail.

What it sees: sessions in clear with commands and no line in smtp.log (table `attempt`): a failed login, VRFY or EXPN,
or a probe, which stock Zeek logs do not tell apart on port 25. Such sessions are bad trials, each as many as its size
suggests, mails are good ones. The sequential test (S = max(0, S + ln of the likelihood ratio), alarm at S >=
ln(1/alpha)) runs per client and server. What has the shape of a login on a submission port or of a long dialogue is
`password-guessing` or `user-enumeration` instead. `count` is the number of tries. Severity: low, one step more each
for twice the score that alarms (not of a client that takes its time and is the site's or sends little more than EHLO),
and for mail that the same source sends after the alarm. Clients that come by the clock: low from outside, nothing from
inside or if they send little more than EHLO. The same test runs per network outside (/24, /64) and server over at
least `min_sources` clients before any alarm of their own: low. Per server, the networks that probe it before any alarm
of their own are tested against the server's own rate (Page's test; it needs a day of logs and at least `min_sources`
clients): medium.

Why it matters: guessing, harvesting and reconnaissance look like this before they succeed.

Benign causes: a monitoring probe that goes beyond EHLO; a device with an outdated password; a mail server that gives up
because it finds no TLS.

What to do: load the Zeek package, which logs the commands; look for the source in the mail server's own log; block it
if it is unknown.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._attempts import (
    PAIR,
    before_own_alarm,
    guessing_suspects,
    inferred_confidence,
    inferred_severity,
    suspects,
    trials_of,
)
from zeeksmtp.detectors._enumerators import EnumerationParams
from zeeksmtp.detectors._finding import details, entity, terms, test_column, text_if, to_findings, who
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._guessing import GuessingTest, network_of
from zeeksmtp.detectors._harvest import harvests
from zeeksmtp.detectors._remedy import BLOCK
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Advice, Context, Detector, Tables
from zeeksmtp.statistics.rate import surges

_KINDS = ("login", "queries", "probe", "greeting")
_SERVER = ("server",)


class ProbingParams(GuessingTest):
    """The sequential test on sessions without mail, and how many sources probe together."""

    min_sources: int = Field(
        3, ge=2, description="clients that probe a server together, at least; Source: our choice, two may be one person"
    )


def _named(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return the pairs that `password-guessing` and `user-enumeration` infer, and since when (`named`)."""
    guessing, enumeration = context.params.get("password-guessing"), context.params.get("user-enumeration")
    guess = guessing if isinstance(guessing, GuessingTest) else GuessingTest()
    ask = enumeration if isinstance(enumeration, EnumerationParams) else EnumerationParams()
    guessers = guessing_suspects(tables, guess.test(context), context)
    harvesters = harvests(tables, ask.test(context), ask.min_recipients, context)
    both = pl.concat([alarms.select(*PAIR, "alarm_at") for alarms in (guessers, harvesters)])
    return both.group_by(PAIR).agg(pl.col("alarm_at").min().alias("named"))


def _findings(rows: pl.LazyFrame, keys: tuple[str, ...]) -> pl.LazyFrame:
    return to_findings(
        rows.with_columns(
            entity(*keys),
            pl.lit("inferred").alias("visibility"),
            terms(
                evidence("tries", pl.col("count")),
                evidence("sessions", pl.col("sessions")),
                evidence("sources", pl.col("sources")),
                evidence("mails_after", pl.col("mails_after")),
                evidence("regular", pl.col("regular"), 0.0),
            ),
            details(
                who=who(pl.col("sources")),
                ports=pl.col("ports"),
                note=text_if(pl.col("regular"), "The client comes at regular intervals."),
            ),
            test_column(),
        )
    )


def _together(tables: Tables, alone: pl.LazyFrame, params: ProbingParams, context: Context) -> pl.LazyFrame:
    """Return the worst time at which more networks outside probed a server than is usual, as one finding per server.

    Sessions after a client's own alarm (`alone`) are left out.
    """
    attempts = tables["attempt"].with_columns(network_of(pl.col("client")).alias("network"))
    # One query of a short name is no longer than a greeting.
    probes = attempts.filter(pl.col("kind").is_in(["probe", "queries", "greeting"]), pl.col("direction") == "inbound")
    early = before_own_alarm(probes, alone).cache()
    logged = pl.concat([attempts.select("ts"), attempts.select(ts="last")])
    surge = surges(early, logged, _SERVER, "network", context.alpha).cache()
    during = early.filter(context.window.covers()).join(surge.select("server", "since", "till"), on="server")
    found = (
        during.filter(pl.col("ts").is_between("since", "till", closed="left"))
        .group_by(_SERVER)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.col("tries").sum().cast(pl.UInt64).alias("count"),
            pl.len().alias("sessions"),
            pl.col("client").unique().sort().head(100).alias("clients"),
            pl.col("client").n_unique().alias("sources"),
            pl.col("port").cast(pl.String).unique().sort().alias("ports"),
            first_uids().alias("uids"),
        )
        .filter(pl.col("sources") >= params.min_sources)
        .join(surge, on="server")
    )
    servers = pl.concat_list("server").alias("servers")
    nothing = pl.lit(value=False)
    return found.with_columns(servers, nothing.alias("regular"), mails_after=pl.lit(0)).with_columns(
        pl.lit("medium").alias("severity"), pl.lit("low").alias("confidence")
    )


def _networks(tables: Tables, alone: pl.LazyFrame, params: ProbingParams, context: Context) -> pl.LazyFrame:
    """Return the networks outside (as `client`) whose clients alarm together, before any alarm of their own.

    Networks that send little more than EHLO are the scanners of the whole Internet.
    """
    trials = trials_of(tables, "probe", "queries", "greeting").filter(pl.col("direction") == "inbound")
    joined = (
        before_own_alarm(trials, alone)
        .with_columns(network_of(pl.col("client")).alias("client"), source="client")
        .cache()
    )
    clients = pl.col("source").unique().sort()
    sources = (
        joined.filter("bad", context.window.covers())
        .group_by(PAIR)
        .agg(clients.head(100).alias("clients"), clients.len().alias("sources"))
    )
    found = suspects(joined.drop("source"), params.test(context), context).drop("clients")
    return (
        found.join(sources, on=list(PAIR))
        .filter(pl.col("sources") >= params.min_sources, ~pl.col("greetings"))
        .with_columns(
            pl.lit("low").alias("severity"), pl.lit("low").alias("confidence"), pl.lit(value=False).alias("regular")
        )
    )


def plan(tables: Tables, params: ProbingParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client and server, per network and server, and per server that many probe together."""
    alone = suspects(trials_of(tables, *_KINDS), params.test(context), context).cache()
    is_monitoring = pl.col("regular") & (pl.col("greetings") | ~pl.col("from_outside"))
    is_inside = pl.col("greetings") & ~pl.col("from_outside")
    level = pl.when("regular").then(pl.lit("low")).otherwise(inferred_severity()).alias("severity")
    # What probed before it was anything else stays probing, so that the finding keeps its id.
    is_named = (pl.col("named") <= pl.col("alarm_at")).fill_null(value=False)
    pairs = (
        alone.join(_named(tables, context), on=list(PAIR), how="left")
        .filter(~is_named, ~is_monitoring, ~is_inside)
        .with_columns(level, inferred_confidence(), pl.lit(1).alias("sources"))
    )
    networks = _networks(tables, alone, params, context)
    together = _together(tables, alone, params, context)
    return pl.concat([_findings(pairs, PAIR), _findings(networks, PAIR), _findings(together, _SERVER)])


DETECTOR = Detector(
    id="smtp-probing",
    title="SMTP probing: {who} → {servers}",
    summary="{sessions:session} from {sources:source} on port {ports} with commands but without mail, about "
    "{tries:try|tries}: failed logins, queries for addresses, or probes.{note: %}",
    actions=(
        Advice("Block {clients} if it is unknown.", when=("client-outside",), wider=BLOCK),
        Advice("Find the program on {clients} that connects to {servers}.", when=("client-local",)),
        Advice("Look for {clients} in the log of {servers}.", when=("server-local",)),
    ),
    attack=("T1595", "T1110"),
    needs=("attempt", "rejected_recipient", "valid_recipient", "role"),
    required_logs=(),
    inferred_from=("conn",),
    params=ProbingParams,
    plan=plan,
    stage="recon",
    technique="SMTP probing",
    convicts=True,
    weaknesses=("attacker",),
)
