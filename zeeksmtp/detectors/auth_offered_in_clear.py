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
from zeeksmtp.detectors._remedy import TLS_ONLY_AUTH, remedy
from zeeksmtp.expressions.connections import uids_seen
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_KEY = ("server", "port")


class OfferedParams(Params):
    """No parameters: one offer is enough."""


def plan(tables: Tables, _params: OfferedParams, _context: Context) -> pl.LazyFrame:
    """Return one finding per server port of the site that offers password mechanisms in clear."""
    found = tables["auth_offer"].with_columns(
        pl.concat_list("server").alias("servers"), pl.col("sessions").alias("count"), uids_seen("sightings")
    )
    level = severity({"medium": pl.col("faces_outside") & pl.col("port").is_in([25, 587])}, otherwise="low")
    return to_findings(
        found.with_columns(
            entity(*_KEY),
            level,
            pl.lit("high").alias("confidence"),
            terms(
                evidence("sessions", pl.col("count")),
                evidence("reached_from_outside", pl.col("faces_outside")),
                evidence("share_with_starttls", pl.col("starttls_sessions") / pl.col("count")),
            ),
            details(
                mechanisms=pl.col("mechanisms"),
                port=pl.concat_list(pl.col("port").cast(pl.String)),
                remedy=pl.concat_list(remedy("auth-before-tls", "offer AUTH only after STARTTLS, or on port 465")),
            ),
        )
    )


DETECTOR = Detector(
    id="auth-offered-in-clear",
    title="AUTH offered without TLS: {servers}:{port}",
    summary="{mechanisms} offered outside TLS in {sessions:session}.",
    actions=(Advice(TLS_ONLY_AUTH),),
    attack=("T1040",),
    needs=("auth_offer",),
    required_logs=("smtp_session",),
    params=OfferedParams,
    plan=plan,
    technique="Cleartext authentication",
    weaknesses=("auth-before-tls",),
)
