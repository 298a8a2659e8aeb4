"""Truth that follows from the logs themselves: what servers and pairs did in clear, whoever did it."""

from __future__ import annotations

import polars as pl

from tests.simulation.compile import Frames
from tests.simulation.truth import Event, event
from zeeksmtp.model import Severity


def told(logs: Frames) -> list[Event]:
    """Give what the logs show of servers and pairs: mail in clear across the boundary, passwords asked for in clear."""
    return [*_clear_pairs(logs), *_offers(logs)]


def _clear_pairs(logs: Frames) -> list[Event]:
    ends = logs["conn"].select("uid", "local_orig", "local_resp")
    mails = (
        logs["smtp"].filter(~pl.col("tls")).join(ends, on="uid").filter(pl.col("local_orig") != pl.col("local_resp"))
    )
    offers = logs["smtp_session"].select("uid", "starttls_offered")
    sent = pl.col("fuids").list.len() > 0
    pairs = (
        mails.join(offers, on="uid", how="left")
        .group_by("id.orig_h", "id.resp_h")
        .agg(
            pl.col("ts").to_physical().sort(),
            (pl.col("starttls_offered") & sent).any(),
            sent.any().alias("sent"),
        )
        .sort("id.orig_h", "id.resp_h")
    )
    return [
        event(
            "mail in clear",
            _must(offered, sent),
            [ts[0], ts[-1]],
            clients=[client],
            servers=[server],
            may=["cleartext-mail", "starttls-declined"],
            malicious=False,
        )
        for client, server, ts, offered, sent in pairs.iter_rows()
    ]


def _must(offered: bool, sent: bool) -> dict[str, Severity]:
    """A transaction that never came to its content is no mail: who names it is not wrong, but need not."""
    declined = {"starttls-declined": Severity.LOW} if offered else {}
    return {"cleartext-mail": Severity.INFO, **declined} if sent else {}


def _offers(logs: Frames) -> list[Event]:
    inside = logs["conn"].filter(pl.col("local_resp")).select("uid")
    password = pl.col("mechanisms_offered").list.set_intersection(["PLAIN", "LOGIN"]).list.len() > 0
    offers = logs["smtp_session"].join(inside, on="uid").filter(password)
    servers = offers.group_by("id.resp_h").agg(pl.col("ts").to_physical().sort()).sort("id.resp_h")
    return [
        event(
            "passwords asked for in clear",
            {"auth-offered-in-clear": Severity.LOW},
            [ts[0], ts[-1]],
            servers=[server],
            malicious=False,
        )
        for server, ts in servers.iter_rows()
    ]
