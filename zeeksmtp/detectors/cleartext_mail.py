"""Mail left or entered the site without TLS.

What it sees: mails (table `message`) whose session (table `session`) never came to TLS, on a path that leaves the
site's own networks. One finding per pair of client and server; `count` is the number of mails. Severity: info; low
where the same pair used TLS before the first of these mails (a downgrade).

Why it matters: content, addresses and headers of such a mail can be read and changed by everyone on the path.

Benign causes: partners without TLS; opportunistic TLS (RFC 7435) falls back to clear by design. A pair that used TLS
and stopped may have changed its certificate, or someone strips STARTTLS.

What to do: offer STARTTLS where the site's server does not; for partners that matter require TLS (MTA-STS, DANE, a
transport map); look into pairs that used TLS before.
"""

import polars as pl

from zeeksmtp.detectors._finding import details, entity, severity, shaped, terms
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.facts._common import first_seen, seen_first, uids_seen
from zeeksmtp.facts._merging import merged
from zeeksmtp.model import Context, Daily, Detector, Params, Tables

_KEY = ("client", "server")


class CleartextMailParams(Params):
    """No parameters: one mail in clear is enough."""


def _pairs(tables: Tables, _params: CleartextMailParams, context: Context) -> pl.LazyFrame:
    """Give one row per pair: its mails in clear, and its sessions with TLS."""
    crosses = pl.col("direction").is_in(["inbound", "outbound", "external"])
    mails = tables["message"].filter(context.window.covers(), crosses, ~pl.col("tls").fill_null(value=True))
    in_clear = mails.group_by(_KEY).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("count"),
        pl.col("recipients").sum(),
        pl.col("direction").unique().sort().alias("directions"),
        first_seen(lines=True),
    )
    encrypted = (
        tables["session"]
        .filter(pl.col("tls"))
        .group_by(_KEY)
        .agg(pl.col("ts").min().alias("tls_since"), pl.len().cast(pl.UInt64).alias("tls_sessions"))
    )
    both = in_clear.join(encrypted, on=list(_KEY), how="full", coalesce=True)
    return both.with_columns(pl.col("count", "recipients", "tls_sessions").fill_null(0))


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    return merged(
        days,
        _KEY,
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("count").sum(),
        pl.col("recipients").sum(),
        pl.col("directions").explode().drop_nulls().unique().sort(),
        seen_first(),
        pl.col("tls_since").min(),
        pl.col("tls_sessions").sum(),
    )


def plan(tables: Tables, _params: CleartextMailParams, _context: Context) -> pl.LazyFrame:
    """Give one finding per pair whose mails crossed the boundary in clear."""
    found = tables["daily"].filter(pl.col("count") > 0)
    before = (pl.col("tls_since") < pl.col("first")).fill_null(value=False)
    return shaped(
        found.with_columns(
            entity(*_KEY),
            pl.concat_list("client").alias("clients"),
            pl.concat_list("server").alias("servers"),
            uids_seen(),
            severity({"low": before}, otherwise="info"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("mails", pl.col("count")),
                evidence("recipients", pl.col("recipients")),
                evidence("tls_sessions", pl.col("tls_sessions")),
                evidence("used_tls_before", before),
            ),
            details(directions=pl.col("directions")),
        )
    )


DETECTOR = Detector(
    id="cleartext-mail",
    title="Mail from {clients} to {servers} in clear",
    summary="{count:mail} went {directions} from {clients} to {servers} without TLS; the pair had "
    "{tls_sessions:session} with TLS.",
    action="Offer and use STARTTLS between {clients} and {servers}; require it where the partner matters.",
    attack=("T1040",),
    needs=("message", "session"),
    sees=("smtp",),
    params=CleartextMailParams,
    plan=plan,
    daily=Daily(("message", "session"), _pairs, _merged),
)
