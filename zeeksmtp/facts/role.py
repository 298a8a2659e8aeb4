"""Role of each host, learned from its traffic; the configuration overrides it.

The first rule that holds decides. A host that answers SMTP is a server (`relay` on port 25, else `submission-server`),
unless it submits to few servers itself and nobody sent mail to it or used TLS: a port that only scanners try makes no
server. A host that has delivered to many servers under one name since the logs begin is a `relay`, too. A host that
contacts many servers without ever sending mail is a `scanner`; its scans are `scheduled` if it is one of the site's and
comes back at the same hour of the day. A host that connects at regular intervals without sending is a
`monitoring-probe`. A host of the site that sends little, from one domain to one domain through one server, is an
`appliance`; one that submits to few servers is a `workstation`; the rest is `other`. Only the configuration sets
`bulk-sender` and `gateway`: a bulk sender looks like a spam bot until somebody vouches for it.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables

# A relay that never answers shows itself by regularity. Below a working week, or with fewer servers than a newsletter
# reaches, or when it began after the logs did, a host that sends is not called a relay: that would hide a spam bot.
_MIN_RELAY_DAYS, _MIN_RELAY_SERVERS, _MAX_RELAY_REFUSED_SHARE = 5, 10, 0.1
_MAX_RELAY_START = timedelta(days=3)
_MIN_SCANNER_SERVERS = 20
# A scheduled scan comes back: on three days at least, four of five sessions in the same hour of the day.
_MIN_SCHEDULED_DAYS, _MIN_SCHEDULED_SHARE = 3, 0.8
_MIN_PROBE_SESSIONS, _MAX_PROBE_DEVIATION = 10, 0.1
_MAX_APPLIANCE_MAILS_A_DAY = 50
_MAX_WORKSTATION_SERVERS = 2

_OUTSIDE = pl.col("direction").is_in(["outbound", "external"])


def _answering(pair: pl.LazyFrame) -> pl.LazyFrame:
    return (
        pair.filter("answered")
        .group_by(pl.col("server").alias("host"))
        .agg(
            (pl.col("port").is_in([25, 26])).any().alias("on_25"),
            pl.col("client").n_unique().alias("clients"),
            (pl.col("mailed") + pl.col("tls_sessions")).sum().alias("used"),
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


def _rhythm(pair_day: pl.LazyFrame, calling: pl.LazyFrame, timezone: str) -> pl.LazyFrame:
    """Return the rhythm of clients without mail, who are few.

    `deviation` is the median deviation of the gaps from their median, as a share of it; `silent_days` counts days with
    sessions, `same_hour` is the share of sessions in the hour of the day that has most of them.
    """
    gap = pl.col("silent").sort().diff().dt.total_microseconds()
    deviation = (gap - gap.median()).abs().median() / gap.median()
    silent = calling.filter(pl.col("mailed") == 0).select(client="host")
    times = pair_day.select("client", "silent").join(silent, on="client", how="semi").explode("silent")
    hour = pl.col("silent").dt.convert_time_zone(timezone).dt.hour()
    return times.group_by(pl.col("client").alias("host")).agg(
        deviation.alias("deviation"),
        pl.col("silent").dt.date().n_unique().alias("silent_days"),
        (hour.drop_nulls().unique_counts().max() / pl.len()).alias("same_hour"),
    )


def _contacted(contact: pl.LazyFrame, calling: pl.LazyFrame) -> pl.LazyFrame:
    """Return how many hosts each client without mail contacted, also in vain."""
    silent = calling.filter(pl.col("mailed") == 0).select(client="host")
    tried = contact.select("client", "server").join(silent, on="client", how="semi")
    return tried.group_by(pl.col("client").alias("host")).agg(pl.col("server").n_unique().alias("contacted"))


def _rules() -> dict[str, tuple[pl.Expr, pl.Expr]]:
    """Return the rules in order: role -> condition and the reason in words."""
    submits = (pl.col("mailed").fill_null(0) > 0) & (pl.col("all_servers") <= _MAX_WORKSTATION_SERVERS)
    answers = (pl.col("used") > 0) | ((pl.col("clients") > 0) & ~submits)
    answered = pl.format("answers SMTP clients: {}", "clients")
    sent = pl.format("outside servers: {}, days: {}, HELO names: {}", "servers", "days", "names")
    steady = (
        (pl.col("days") >= _MIN_RELAY_DAYS)
        & (pl.col("servers") >= _MIN_RELAY_SERVERS)
        & (pl.col("names") <= 1)
        & (pl.col("refused") < _MAX_RELAY_REFUSED_SHARE)
        & (pl.col("since") - pl.col("logs_since") <= _MAX_RELAY_START)
    )
    silent = pl.col("mailed") == 0
    regular = (pl.col("sessions") >= _MIN_PROBE_SESSIONS) & (pl.col("deviation") <= _MAX_PROBE_DEVIATION)
    one_way = pl.col("from_one") & pl.col("to_one") & (pl.col("all_servers") == 1)
    few = pl.col("mails") <= _MAX_APPLIANCE_MAILS_A_DAY * pl.col("mail_days")
    met = pl.format("servers: {}, no mail sent", "all_servers")
    sweeps = pl.format("hosts contacted on schedule: {}, no mail sent", "contacted")
    return {
        "relay": (answers & pl.col("on_25"), answered),
        "submission-server": (answers, answered),
        "relay ": (steady, sent),
        "scanner": (_scheduled_scan(), sweeps),
        "scanner ": (silent & (pl.col("all_servers") >= _MIN_SCANNER_SERVERS), met),
        "monitoring-probe": (silent & regular, pl.format("regular sessions: {}, no mail sent", "sessions")),
        "appliance": (
            pl.col("local") & one_way & few,
            pl.format("mails: {}, one sender and one recipient domain, one server", "mails"),
        ),
        "workstation": (
            pl.col("local") & (pl.col("all_servers") <= _MAX_WORKSTATION_SERVERS),
            pl.format("submits to servers: {}", "all_servers"),
        ),
        "other": (pl.lit(value=True), sent),
    }


def _scheduled_scan() -> pl.Expr:
    """Match a host of the site that contacts many hosts, sends no mail, and comes back at the same hour of the day."""
    scheduled = (pl.col("silent_days") >= _MIN_SCHEDULED_DAYS) & (pl.col("same_hour") >= _MIN_SCHEDULED_SHARE)
    many = pl.col("contacted") >= _MIN_SCANNER_SERVERS
    return (pl.col("local") & (pl.col("mailed") == 0) & scheduled & many).fill_null(value=False)


def _with_role(hosts: pl.LazyFrame) -> pl.LazyFrame:
    rules = _rules()
    role = pl.coalesce(*(pl.when(holds).then(pl.lit(name.strip())) for name, (holds, _) in rules.items()))
    reason = pl.coalesce(*(pl.when(holds).then(why) for holds, why in rules.values()))
    return hosts.with_columns(role.alias("role"), reason.alias("reason"))


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row per host that spoke or answered SMTP, or that the configuration names."""
    pair = tables["pair"]
    calling = _calling(pair, tables["caller"]).cache()
    hosts = (
        _answering(pair)
        .join(calling, on="host", how="full", coalesce=True)
        .join(_rhythm(tables["pair_day"], calling, context.site.timezone), on="host", how="left")
        .join(_contacted(tables["contact"], calling), on="host", how="left")
        .join(pair.select(pl.col("first").min().alias("logs_since")), how="cross")
        .with_columns(pl.any_horizontal(pl.col("local_server", "local_client").fill_null(value=False)).alias("local"))
    )
    override = pl.LazyFrame(list(context.site.roles), schema={"host": pl.String, "set_role": pl.String}, orient="row")
    is_set = pl.col("set_role").is_not_null()
    return (
        _with_role(hosts)
        .join(override, on="host", how="full", coalesce=True)
        .with_columns(
            pl.col("local").fill_null(value=False),
            pl.coalesce("set_role", "role").alias("role"),
            pl.when(is_set).then(pl.lit("set in config")).otherwise(pl.col("reason")).alias("reason"),
            is_set.alias("vouched"),
            _scheduled_scan().alias("scheduled"),
        )
        .select(column.name for column in FACT.columns)
    )


FACT = Fact(
    name="role",
    doc="One row per host: its role, and the reason.",
    columns=(
        Column("host", "addr", "the host"),
        Column("local", "bool", "one of the site's own"),
        Column("role", "string", "relay, submission-server, scanner, monitoring-probe, appliance, workstation, other"),
        Column("reason", "string", "what the role rests on"),
        Column("vouched", "bool", "the role is set in the configuration"),
        Column("scheduled", "bool", "a scanner of the site that comes back at the same hour of the day"),
    ),
    needs=("pair", "pair_day", "caller", "contact"),
    plan=plan,
)
