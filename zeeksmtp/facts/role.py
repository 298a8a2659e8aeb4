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

from zeeksmtp.model import Column, Context, Fact, Tables

# A relay that never answers shows itself by regularity. Below a working week, or with fewer servers than a newsletter
# reaches, or when it began after the logs did, a host that sends is not called a relay: that would hide a spam bot.
_RELAY_DAYS, _RELAY_SERVERS, _RELAY_REFUSED = 5, 10, 0.1
_SINCE_THE_BEGINNING = timedelta(days=3)
_SCANNER_SERVERS = 20
_PROBE_SESSIONS, _PROBE_DEVIATION = 10, 0.1
_APPLIANCE_MAILS_A_DAY = 50
_WORKSTATION_SERVERS = 3

_OUTSIDE = pl.col("direction").is_in(["outbound", "external"])


def _answering(pair: pl.LazyFrame) -> pl.LazyFrame:
    return (
        pair.filter("answered")
        .group_by(pl.col("server").alias("host"))
        .agg(
            (pl.col("port").is_in([25, 26])).any().alias("on_25"),
            pl.col("client").n_unique().alias("clients"),
            pl.col("direction").is_in(["inbound", "internal"]).max().alias("local_server"),
        )
    )


def _calling(pair: pl.LazyFrame, caller: pl.LazyFrame) -> pl.LazyFrame:
    servers = pair.group_by("client").agg(
        pl.col("server").n_unique().alias("all_servers"),
        pl.col("server").filter(_OUTSIDE).n_unique().alias("servers"),
    )
    return servers.join(caller, on="client").select(
        pl.col("client").alias("host"),
        "all_servers",
        "servers",
        pl.col("first").alias("since"),
        pl.col("days", "names", "mail_days").list.len(),
        (pl.col("refused") / pl.col("sessions")).alias("refused"),
        pl.col("sessions", "mailed", "mails"),
        pl.col("local").alias("local_client"),
        (pl.col("from_first") == pl.col("from_last")).alias("from_one"),
        (pl.col("to_first") == pl.col("to_last")).fill_null(value=False).alias("to_one"),
    )


def _rhythm(pair_day: pl.LazyFrame, calling: pl.LazyFrame) -> pl.LazyFrame:
    """How far the gaps of a client's connections are from their median; of clients without mail, who are few."""
    gap = pl.col("silent").sort().diff().dt.total_microseconds()
    deviation = (gap - gap.median()).abs().median() / gap.median()
    silent = calling.filter(pl.col("mailed") == 0).select(client="host")
    times = pair_day.select("client", "silent").join(silent, on="client", how="semi").explode("silent")
    return times.group_by(pl.col("client").alias("host")).agg(deviation.alias("deviation"))


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
    one_way = pl.col("from_one") & pl.col("to_one") & (pl.col("all_servers") == 1)
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


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Give one row per host that spoke or answered SMTP, or that config names."""
    pair = tables["pair"]
    calling = _calling(pair, tables["caller"]).cache()
    hosts = (
        _answering(pair)
        .join(calling, on="host", how="full", coalesce=True)
        .join(_rhythm(tables["pair_day"], calling), on="host", how="left")
        .join(pair.select(pl.col("first").min().alias("logs_since")), how="cross")
        .with_columns(pl.any_horizontal(pl.col("local_server", "local_client").fill_null(value=False)).alias("local"))
    )
    override = pl.LazyFrame(list(context.site.roles), schema={"host": pl.String, "set_role": pl.String}, orient="row")
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
    needs=("pair", "pair_day", "caller"),
    plan=plan,
)
