"""A server of the site offers password mechanisms before TLS.

What it sees: sessions of smtp_session.log (table `session`) with one of the site's own servers, outside TLS, in which
PLAIN or LOGIN stood among the offered mechanisms. One finding per server and port; `count` is the number of such
sessions. Severity: medium on port 587 or 25 where a client from outside reached it, low inside.

Why it matters: a client that is set up wrongly, or whose STARTTLS was stripped on the way, will send its password in
clear, because the server lets it. RFC 8314 forbids cleartext passwords for submission.

Benign causes: a server that only trusted hosts on a closed network reach; old devices that cannot speak TLS.

What to do: offer AUTH only inside TLS. The finding says how in the words of the server that its greeting names.
"""

import polars as pl

from zeeksmtp.detectors._finding import details, entity, severity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._remedy import TLS_ONLY, remedy
from zeeksmtp.facts._common import first_seen, seen_first, uids_seen
from zeeksmtp.facts.pair_day import PASSWORD_MECHANISMS
from zeeksmtp.model import Advice, Context, Daily, Detector, Params, Tables

_KEY = ("server", "port")


class OfferedParams(Params):
    """No parameters: one offer is enough."""


def _offers(tables: Tables, _params: OfferedParams, context: Context) -> pl.LazyFrame:
    """Return the offers per server port; `greeted` is the latest greeting with its `ts` and `uid`."""
    passwords = pl.col("mechanisms_offered").list.set_intersection(list(PASSWORD_MECHANISMS))
    offers = tables["session"].filter(
        context.window.covers(),
        pl.col("direction").is_in(["inbound", "internal"]),
        ~pl.col("implicit_tls"),
        passwords.list.len() > 0,
    )
    greeted = pl.struct("ts", "uid", "banner").filter(pl.col("banner").is_not_null())
    return offers.group_by(_KEY).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("count"),
        (pl.col("direction") == "inbound").any().alias("outside"),
        passwords.explode().unique().sort().alias("mechanisms"),
        pl.col("starttls_offered").fill_null(value=False).sum().cast(pl.UInt64).alias("with_starttls"),
        greeted.sort().last().alias("greeted"),
        first_seen(),
    )


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    return days.group_by(_KEY).agg(
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("count").sum(),
        pl.col("outside").any(),
        pl.col("mechanisms").explode().drop_nulls().unique().sort(),
        pl.col("with_starttls").sum(),
        pl.col("greeted").drop_nulls().sort().last(),
        seen_first(),
    )


def plan(tables: Tables, _params: OfferedParams, _context: Context) -> pl.LazyFrame:
    """Return one finding per server port of the site that offers password mechanisms in clear."""
    found = tables["daily"].with_columns(
        pl.concat_list("server").alias("servers"),
        pl.col("greeted").struct.field("banner").alias("banner"),
        (pl.col("with_starttls") / pl.col("count")).alias("with_starttls"),
        uids_seen(),
    )
    level = severity({"medium": pl.col("outside") & pl.col("port").is_in([25, 587])}, otherwise="low")
    return to_findings(
        found.with_columns(
            entity(*_KEY),
            level,
            pl.lit("high").alias("confidence"),
            terms(
                evidence("sessions", pl.col("count")),
                evidence("reached_from_outside", pl.col("outside")),
                evidence("share_with_starttls", pl.col("with_starttls")),
            ),
            details(
                mechanisms=pl.col("mechanisms"),
                port=pl.concat_list(pl.col("port").cast(pl.String)),
                remedy=pl.concat_list(remedy(TLS_ONLY, "offer AUTH only after STARTTLS, or on port 465")),
            ),
        )
    )


DETECTOR = Detector(
    id="auth-offered-in-clear",
    title="AUTH offered without TLS: {servers}:{port}",
    summary="{mechanisms} offered outside TLS in {sessions:session}.",
    actions=(Advice("Offer AUTH only inside TLS on {servers}:{port} ({remedy})."),),
    attack=("T1040",),
    needs=("session",),
    required_logs=("smtp_session",),
    params=OfferedParams,
    plan=plan,
    daily=Daily(("session",), _offers, _merged),
    technique="Cleartext authentication",
)
