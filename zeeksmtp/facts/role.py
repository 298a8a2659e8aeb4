"""What each host is for, learned from what it does; config overrides.

Tried in this order: who answers SMTP is a server (`relay` on port 25, else `submission-server`); who has delivered to
many servers under one name ever since the logs begin is a `relay` too; who meets many servers without ever sending mail
is a `scanner`; who connects by the clock without sending is a `monitoring-probe`; a host of the site that sends little,
from one domain to one domain through one server is an `appliance`, one that submits to few servers a `workstation`; the
rest is `other`. `bulk-sender` and `gateway` are for config to say: a bulk sender looks like a spam bot until somebody
vouches for it.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from zeeksmtp.model import Column, Fact, Site, Tables

# A relay that never answers shows itself by regularity. Below a working week, or with fewer servers than a newsletter
# reaches, or when it began after the logs did, a host that sends is not called a relay: that would hide a spam bot.
_RELAY_DAYS, _RELAY_SERVERS, _RELAY_REFUSED = 5, 10, 0.1
_SINCE_THE_BEGINNING = timedelta(days=3)
_SCANNER_SERVERS = 20
_PROBE_SESSIONS, _PROBE_DEVIATION = 10, 0.1
_APPLIANCE_MAILS_A_DAY = 50
_WORKSTATION_SERVERS = 3

_OUTSIDE = pl.col("direction").is_in(["outbound", "external"])


def _answering(session: pl.LazyFrame) -> pl.LazyFrame:
    spoke = pl.col("banner").is_not_null() | (pl.col("resp_bytes").fill_null(0) > 0) & pl.col("service").is_not_null()
    return (
        session.filter(spoke)
        .group_by(pl.col("server").alias("host"))
        .agg(
            (pl.col("port").is_in([25, 26])).any().alias("on_25"),
            pl.col("client").n_unique().alias("clients"),
            pl.col("direction").is_in(["inbound", "internal"]).max().alias("local_server"),
        )
    )


def _calling(session: pl.LazyFrame) -> pl.LazyFrame:
    refused = pl.sum_horizontal(pl.col("rcpt_unknown", "rcpt_refused", "messages_refused").fill_null(0)) > 0
    # Without the session's counters a mail shows as bytes: the smallest one seen in TLS sent 1026.
    counted = pl.when(pl.col("seen") & ~pl.col("tls").fill_null(value=False)).then(pl.col("mail") > 0)
    mailed = pl.coalesce(counted, pl.col("orig_bytes") >= 1000).fill_null(value=True)
    return session.group_by(pl.col("client").alias("host")).agg(
        pl.col("ts").min().alias("since"),
        pl.col("ts").filter(_OUTSIDE).dt.date().n_unique().alias("days"),
        pl.len().alias("sessions"),
        pl.col("server").n_unique().alias("all_servers"),
        pl.col("server").filter(_OUTSIDE).n_unique().alias("servers"),
        pl.col("helo").drop_nulls().n_unique().alias("names"),
        refused.mean().alias("refused"),
        mailed.sum().alias("mailed"),
        pl.col("direction").is_in(["outbound", "internal"]).max().alias("local_client"),
    )


def _rhythm(session: pl.LazyFrame, calling: pl.LazyFrame) -> pl.LazyFrame:
    """How far the gaps of a client's connections are from their median; of clients without mail, who are few."""
    gap = pl.col("ts").sort().diff().dt.total_microseconds()
    deviation = (gap - gap.median()).abs().median() / gap.median()
    silent = calling.filter(pl.col("mailed") == 0).select(client="host")
    times = session.select("client", "ts").join(silent, on="client", how="semi")
    return times.group_by(pl.col("client").alias("host")).agg(deviation.alias("deviation"))


def _mailing(message: pl.LazyFrame) -> pl.LazyFrame:
    return message.group_by(pl.col("client").alias("host")).agg(
        pl.len().alias("mails"),
        pl.col("ts").dt.date().n_unique().alias("mail_days"),
        pl.col("sender_domain").n_unique().alias("sender_domains"),
        pl.col("recipient_domains").list.explode(keep_nulls=False, empty_as_null=False).n_unique().alias("to_domains"),
    )


def _rules() -> dict[str, tuple[pl.Expr, pl.Expr]]:
    """Role -> when it holds, and the reason in words; the first that holds counts."""
    answers = pl.col("clients").fill_null(0) > 0
    answered = pl.format("answers SMTP to clients: {}", "clients")
    sent = pl.format("outside servers: {}, days: {}, HELO names: {}", "servers", "days", "names")
    steady = (
        (pl.col("days") >= _RELAY_DAYS)
        & (pl.col("servers") >= _RELAY_SERVERS)
        & (pl.col("names") <= 1)
        & (pl.col("refused") < _RELAY_REFUSED)
        & (pl.col("since") - pl.col("logs_since") <= _SINCE_THE_BEGINNING)
    )
    silent = pl.col("mailed") == 0
    by_the_clock = (pl.col("sessions") >= _PROBE_SESSIONS) & (pl.col("deviation") <= _PROBE_DEVIATION)
    one_way = (pl.col("sender_domains") == 1) & (pl.col("to_domains") == 1) & (pl.col("all_servers") == 1)
    few = pl.col("mails") <= _APPLIANCE_MAILS_A_DAY * pl.col("mail_days")
    met = pl.format("met servers: {}, and sent no mail", "all_servers")
    return {
        "relay": (answers & pl.col("on_25"), answered),
        "submission-server": (answers, answered),
        "relay ": (steady, sent),
        "scanner": (silent & (pl.col("all_servers") >= _SCANNER_SERVERS), met),
        "monitoring-probe": (silent & by_the_clock, pl.format("connects by the clock, {} times, no mail", "sessions")),
        "appliance": (
            pl.col("local") & one_way & few,
            pl.format("mails: {}, one way, through one server", "mails"),
        ),
        "workstation": (
            pl.col("local") & (pl.col("all_servers") < _WORKSTATION_SERVERS),
            pl.format("only submits, to servers: {}", "all_servers"),
        ),
        "other": (pl.lit(value=True), sent),
    }


def _learned(hosts: pl.LazyFrame) -> pl.LazyFrame:
    rules = _rules()
    role = pl.coalesce(*(pl.when(holds).then(pl.lit(name.strip())) for name, (holds, _) in rules.items()))
    reason = pl.coalesce(*(pl.when(holds).then(why) for holds, why in rules.values()))
    return hosts.with_columns(role.alias("role"), reason.alias("reason"))


def plan(tables: Tables, site: Site) -> pl.LazyFrame:
    """Give one row per host that spoke or answered SMTP, or that config names."""
    session = tables["session"]
    calling = _calling(session).cache()
    hosts = (
        _answering(session)
        .join(calling, on="host", how="full", coalesce=True)
        .join(_rhythm(session, calling), on="host", how="left")
        .join(_mailing(tables["message"]), on="host", how="left")
        .join(session.select(pl.col("ts").min().alias("logs_since")), how="cross")
        .with_columns(pl.any_horizontal(pl.col("local_server", "local_client").fill_null(value=False)).alias("local"))
    )
    override = pl.LazyFrame(list(site.roles), schema={"host": pl.String, "set_role": pl.String}, orient="row")
    is_set = pl.col("set_role").is_not_null()
    return (
        _learned(hosts)
        .join(override, on="host", how="full", coalesce=True)
        .with_columns(
            pl.col("local").fill_null(value=False),
            pl.coalesce("set_role", "role").alias("role"),
            pl.when(is_set).then(pl.lit("set in config")).otherwise(pl.col("reason")).alias("reason"),
            is_set.alias("vouched"),
        )
        .select(column.name for column in FACT.columns)
    )


FACT = Fact(
    name="role",
    doc="One row per host: what it is for, and why we think so.",
    columns=(
        Column("host", "addr", "the host"),
        Column("local", "bool", "one of the site's own"),
        Column("role", "string", "relay, submission-server, scanner, monitoring-probe, appliance, workstation, other"),
        Column("reason", "string", "what it was learned from"),
        Column("vouched", "bool", "config says so"),
    ),
    needs=("session", "message"),
    plan=plan,
)
