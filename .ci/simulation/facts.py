"""Truth that follows from the logs themselves: what hosts and servers did in clear, whoever did it."""

from __future__ import annotations

import polars as pl

from simulation.compile import Frames
from simulation.truth import Event, event
from zeeksmtp.model import Severity


def events_of(logs: Frames) -> list[Event]:
    """Return what the logs show: cleartext mail of the site's hosts, STARTTLS not used, TLS that ended, AUTH offers."""
    return [*_clear_hosts(logs), *_declined(logs), *_downgrades(logs), *_offers(logs)]


def _clear_hosts(logs: Frames) -> list[Event]:
    """Hosts of the site that exchanged mail with others outside in clear; without content it is no mail."""
    ends = logs["conn"].select("uid", "local_orig", "local_resp")
    mails = (
        logs["smtp"].filter(~pl.col("tls")).join(ends, on="uid").filter(pl.col("local_orig") != pl.col("local_resp"))
    )
    host = pl.when("local_orig").then("id.orig_h").otherwise("id.resp_h").alias("host")
    hosts = mails.group_by(host).agg(
        pl.col("ts").to_physical().sort(),
        (pl.col("fuids").list.len() > 0).any().alias("sent"),
        pl.col("local_orig").any().alias("as_client"),
        (~pl.col("local_orig")).any().alias("as_server"),
    )
    return [
        event(
            "mail in clear",
            {"cleartext-mail": Severity.INFO} if sent else {},
            [ts[0], ts[-1]],
            clients=[name] * as_client,
            servers=[name] * as_server,
            may=["cleartext-mail"],
            malicious=False,
        )
        for name, ts, sent, as_client, as_server in hosts.sort("host").iter_rows()
    ]


def _sessions(logs: Frames) -> pl.DataFrame:
    ends = logs["conn"].select("uid", "local_orig", "local_resp")
    tls = logs["ssl"].filter("established").select("uid", shaken=pl.lit(value=True))
    return (
        logs["smtp_session"]
        .join(ends, on="uid")
        .join(tls, on="uid", how="full", coalesce=True)
        .with_columns(pl.col("shaken").fill_null(value=False))
    )


def _declined(logs: Frames) -> list[Event]:
    """Clients of the site that mailed in clear, without a login, to servers that offered STARTTLS."""
    outbound = _sessions(logs).filter("local_orig", ~pl.col("local_resp"), ~pl.col("shaken"), "starttls_offered")
    mailed = outbound.filter(pl.col("mail") > 0, pl.col("auth_attempts") == 0)
    taken = pl.col("messages_accepted") + pl.col("messages_refused") > 0
    clients = mailed.group_by("id.orig_h").agg(pl.col("ts").to_physical().sort(), taken.any().alias("sent"))
    return [
        event(
            "STARTTLS not used",
            {"starttls-declined": Severity.LOW} if sent else {},
            [ts[0], ts[-1]],
            clients=[client],
            may=["starttls-declined"],
            malicious=False,
        )
        for client, ts, sent in clients.sort("id.orig_h").iter_rows()
    ]


def _downgrades(logs: Frames) -> list[Event]:
    """Pairs whose sessions in TLS all lie before those in clear: to say so is not wrong, whatever it comes from."""
    used = pl.col("mail") + pl.col("auth_attempts") > 0
    pairs = (
        _sessions(logs)
        .group_by("id.orig_h", "id.resp_h")
        .agg(
            pl.col("ts").filter("shaken").max().alias("last_tls"),
            pl.col("ts").filter(~pl.col("shaken") & used).min().alias("first_clear"),
            pl.col("ts").to_physical().sort(),
        )
        .filter(pl.col("last_tls") < pl.col("first_clear"))
        .sort("id.orig_h", "id.resp_h")
    )
    return [
        event(
            "TLS no longer used",
            {},
            [ts[0], ts[-1]],
            clients=[client],
            servers=[server],
            may=["tls-downgrade"],
            malicious=False,
        )
        for client, server, ts in pairs.select("id.orig_h", "id.resp_h", "ts").iter_rows()
    ]


def _offers(logs: Frames) -> list[Event]:
    inside = logs["conn"].filter(pl.col("local_resp")).select("uid")
    password = pl.col("mechanisms_offered").list.set_intersection(["PLAIN", "LOGIN"]).list.len() > 0
    offers = logs["smtp_session"].join(inside, on="uid").filter(password)
    servers = offers.group_by("id.resp_h").agg(pl.col("ts").to_physical().sort()).sort("id.resp_h")
    return [
        event(
            "passwords requested in clear",
            {"auth-offered-in-clear": Severity.LOW},
            [ts[0], ts[-1]],
            servers=[server],
            malicious=False,
        )
        for server, ts in servers.iter_rows()
    ]
