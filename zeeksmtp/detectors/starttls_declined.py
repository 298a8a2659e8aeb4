"""A client of the site does not use STARTTLS that servers offer it.

What it sees: sessions of one of the site's own clients with external servers that offered STARTTLS, in which mail was
sent without TLS and nobody logged in (table `pair_day`, from smtp_session.log). A login without TLS is a finding of
`cleartext-credentials`, which says whether STARTTLS was offered. One finding per client; the servers are its evidence,
at most 100. `count` is the number of sessions. Severity: low.

Why it matters: the server did its part; one setting of the client keeps the mail from everybody on the path.

Benign causes: old devices whose TLS is too old for the server; programs whose default is "no encryption"; mail servers
that are set not to use TLS with a partner whose TLS is broken.

What to do: set the client to require TLS; where it cannot, put a relay of the site between it and the server.
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._finding import entity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import seen_first, uids_seen
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_MAX_SERVERS = 100


class DeclinedParams(Params):
    """No parameters: one session is enough."""


def plan(tables: Tables, _params: DeclinedParams, _context: Context) -> pl.LazyFrame:
    """Return one finding per client of the site."""
    mailed = pl.col("starttls_unused") - pl.col("starttls_unused_logins")
    found = (
        tables["pair_day"]
        .filter(pl.col("judged"), pl.col("direction") == "outbound", mailed > 0)
        .group_by("client")
        .agg(
            pl.col("first_clear").min().alias("first"),
            pl.col("last_clear").max().alias("last"),
            mailed.sum().alias("count"),
            pl.col("server").unique().sort().alias("servers"),
            seen_first("in_clear"),
        )
    )
    return to_findings(
        found.with_columns(
            entity("client"),
            pl.concat_list("client").alias("clients"),
            pl.col("servers").list.head(_MAX_SERVERS),
            uids_seen("in_clear"),
            pl.lit("low").alias("severity"),
            pl.lit("high").alias("confidence"),
            terms(evidence("sessions", pl.col("count")), evidence("distinct_servers", pl.col("servers").list.len())),
        )
    )


DETECTOR = Detector(
    id="starttls-declined",
    title="STARTTLS not used: {clients}",
    summary="Mail sent in clear in {sessions:session} to {distinct_servers:external server} that offered STARTTLS: "
    "{servers}.",
    actions=(Advice("Configure {clients} to require TLS for outgoing mail."),),
    attack=("T1040",),
    needs=("pair_day",),
    required_logs=("smtp_session",),
    params=DeclinedParams,
    plan=plan,
    symptom=True,
)
