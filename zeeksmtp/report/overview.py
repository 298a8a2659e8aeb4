"""The tables of the report: posture of servers, roles, volumes; plans over facts, and their rows as shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from zeeksmtp.model import (
    ClientPosture,
    ClientTable,
    Collect,
    Day,
    HostRole,
    PairPosture,
    PairTable,
    Posture,
    ServerPosture,
    Shape,
    Tables,
    Volume,
    Window,
)
from zeeksmtp.report.tls_posture import ciphers_of, server_tls

_MAX_OUTSIDE_SERVERS = 100
_MAX_POSTURE_ROWS = 100
_MAX_VOLUMES = 500
_MAX_ROLES = 500
_MAX_DAYS = 35
_POSTURE_COUNTS = ("sessions", "starttls_unused", "cleartext_mails", "cleartext_logins")
_OWN_TABLES = ("tls_versions", "ciphers", "days")
_PLAIN_ROLES = ("workstation", "other")


def _rows(collect: Collect, plan: pl.LazyFrame) -> list[dict[str, Any]]:
    return collect(plan).to_dicts()


def _versions(tables: Tables, collect: Collect) -> dict[tuple[str, int], dict[str, int]]:
    """Sessions by TLS version, per server and port."""
    counted = tables["tls_version"].sort("server", "port", "tls_version")
    versions: dict[tuple[str, int], dict[str, int]] = {}
    for row in _rows(collect, counted):
        versions.setdefault((row["server"], row["port"]), {})[row["tls_version"]] = row["sessions"]
    return versions


def _days(judged: pl.LazyFrame, collect: Collect) -> dict[tuple[str, int], tuple[Day, ...]]:
    """Sessions by day, per server and port of the site: the last days that had any."""
    ours = judged.filter(pl.col("direction").is_in(["inbound", "internal"]))
    counted = (
        ours.group_by("server", "port", "day")
        .agg(pl.col("sessions", "tls_sessions").sum())
        .sort("server", "port", "day")
    )
    days: dict[tuple[str, int], tuple[Day, ...]] = {}
    for server, port, day, sessions, in_tls in collect(counted).iter_rows():
        known = days.get((server, port), ())
        days[server, port] = (*known, Day(day=day, sessions=sessions, tls_sessions=in_tls))[-_MAX_DAYS:]
    return days


def posture_tables(tables: Tables) -> dict[str, pl.LazyFrame]:
    """Return the posture within the window as plans: `servers`, `clients` (of the site) and `pairs`, all of them.

    Columns are those of `ServerPosture` (without the tables in it, with `local`), `ClientPosture`, `PairPosture`.
    """
    judged = _judged(tables)
    return {"servers": _servers(judged, tables), "clients": _clients(judged), "pairs": _pairs(judged)}


def _judged(tables: Tables) -> pl.LazyFrame:
    return tables["pair_day"].filter("judged").drop("judged", "in_clear", "silent")


def _in_tls() -> pl.Expr:
    """Sum up, within a group, the sessions in TLS; null where it cannot be known of any."""
    known = pl.col("tls_unknown").sum() < pl.col("sessions").sum()
    return pl.when(known).then(pl.col("tls_sessions").sum()).alias("tls_sessions")


def posture_of(tables: Tables, collect: Collect) -> tuple[Posture, Sequence[str]]:
    """Return the posture within the window, and a note if servers were left out.

    All servers of the site are listed, and the busiest outside ones; of clients and pairs those with most sessions in
    clear. `zeeksmtp export` writes all of them.
    """
    judged, plans = _judged(tables), posture_tables(tables)
    sums = _rows(collect, judged.select(pl.col("sessions").sum(), _in_tls()))[0]
    listed, left = _listed_servers(plans["servers"], judged, tables, collect)
    posture = Posture(
        servers=listed,
        clients=ClientTable(**_top(plans["clients"], ("client",), ClientPosture, collect)),
        pairs=PairTable(**_top(plans["pairs"], ("client", "server", "port", "direction"), PairPosture, collect)),
        **sums,
    )
    note = f"posture lists the {_MAX_OUTSIDE_SERVERS} busiest outside servers; {left:,} more count only in the sums"
    return posture, [note] * (left > 0)


def _servers(judged: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    shown = judged.group_by("server", "port").agg(
        pl.col("sessions").sum(),
        _in_tls(),
        pl.col("starttls_offered", "auth_offered_in_clear").max(),
    )
    known = tables["server"].select("server", "port", "local", "answers_vrfy", "answers_expn")
    served = shown.join(known, on=["server", "port"], how="left")
    return served.join(server_tls(tables), on=["server", "port"], how="left").with_columns(
        pl.col("certificate_names").fill_null([])
    )


def _listed_servers(
    servers: pl.LazyFrame, judged: pl.LazyFrame, tables: Tables, collect: Collect
) -> tuple[tuple[ServerPosture, ...], int]:
    """Return the servers that are listed, and how many outside ones are not."""
    columns = [name for name in ServerPosture.model_fields if name not in _OWN_TABLES]
    ours = servers.filter(pl.col("local")).sort("server", "port").select(columns)
    theirs = servers.filter(~pl.col("local").fill_null(value=False))
    busiest = theirs.sort("sessions", "server", "port", descending=[True, False, False]).head(_MAX_OUTSIDE_SERVERS)
    rows = _rows(collect, ours) + _rows(collect, busiest.select(columns))
    versions, days = _versions(tables, collect), _days(judged, collect)
    ciphers = ciphers_of(tables, collect)
    for row in rows:
        row["tls_versions"] = versions.get((row["server"], row["port"]), {})
        row["ciphers"] = ciphers.get((row["server"], row["port"]), {})
        row["days"] = days.get((row["server"], row["port"]), ())
    outside = collect(theirs.select(pl.len())).item()
    return tuple(ServerPosture(**row) for row in rows), outside - min(outside, _MAX_OUTSIDE_SERVERS)


def _sums() -> Sequence[pl.Expr]:
    return (pl.col(_POSTURE_COUNTS).sum(), _in_tls())


def _clients(judged: pl.LazyFrame) -> pl.LazyFrame:
    ours = judged.filter(pl.col("direction").is_in(["outbound", "internal"]))
    return ours.group_by("client").agg(pl.col("server").n_unique().alias("servers"), *_sums())


def _pairs(judged: pl.LazyFrame) -> pl.LazyFrame:
    return judged.group_by("client", "server", "port", "direction").agg(
        pl.col("first").min(), pl.col("last").max(), *_sums()
    )


def _top(table: pl.LazyFrame, key: tuple[str, ...], row: type[Shape], collect: Collect) -> dict[str, Any]:
    """Return the rows with most sessions in clear, and how many there are."""
    order = [pl.col("sessions") - pl.col("tls_sessions").fill_null(0), pl.col("sessions")]
    ranked = table.sort(*order, *key, descending=[True, True, *(False for _ in key)])
    rows = _rows(collect, ranked.head(_MAX_POSTURE_ROWS).select(list(row.model_fields)))
    return {"total": collect(table.select(pl.len())).item(), "rows": tuple(row(**values) for values in rows)}


def roles_of(tables: Tables, collect: Collect) -> tuple[tuple[HostRole, ...], Sequence[str]]:
    """Return the roles of the site's own hosts and of those that config names, servers first if not all have room."""
    plain = pl.col("role").is_in(_PLAIN_ROLES) & ~pl.col("vouched")
    hosts = tables["role"].filter(pl.col("local") | pl.col("vouched")).sort(plain, "host")
    shown = _rows(collect, hosts.head(_MAX_ROLES).select(list(HostRole.model_fields)))
    left = collect(hosts.select(pl.len())).item() - len(shown)
    note = f"roles lists {_MAX_ROLES} hosts, servers first; {left} more are in the export"
    return tuple(HostRole(**row) for row in sorted(shown, key=lambda row: row["host"])), [note] * (left > 0)


def volumes_of(tables: Tables, window: Window, collect: Collect) -> tuple[tuple[Volume, ...], Sequence[str]]:
    """Return what the site's clients sent per hour, the busiest hours; and a note if some were left out."""
    sent = tables["volume"].filter(pl.col("messages") > 0, window.covers("hour"))
    busiest = sent.sort("recipients", "messages", "client", "hour", descending=[True, True, False, False])
    rows = _rows(collect, busiest.head(_MAX_VOLUMES + 1).select(list(Volume.model_fields)))
    shown = sorted(rows[:_MAX_VOLUMES], key=lambda row: (row["hour"], row["client"]))
    note = f"volumes lists the {_MAX_VOLUMES} busiest client-hours only; export has all of them"
    return tuple(Volume(**row) for row in shown), [note] * (len(rows) > _MAX_VOLUMES)


def quality_of(tables: Tables, window: Window, collect: Collect) -> Sequence[str]:
    """Return notes on sessions of the window that could not be followed to their end."""
    session = tables["session"].filter(window.covers())
    counts = {
        "had capture gaps: their counts are lower bounds": pl.col("gap").fill_null(value=False),
        "could not be followed to their end by Zeek's SMTP analyzer": pl.col("analyzer_disabled").is_not_null(),
    }
    sums = _rows(collect, session.select(**{what: hit.sum() for what, hit in counts.items()}))[0]
    return [f"{number} session{'s' * (number > 1)} {what}" for what, number in sums.items() if number]
