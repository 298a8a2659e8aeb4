"""A host of the site exchanges mail with external hosts without TLS.

What it sees: mails that crossed the boundary of the site in sessions that never came to TLS (table `pair_day`, from
smtp.log). One finding per host of the site that sent or received such mail; the partners are its evidence, at most 100,
those with most mails first (all of them: `posture.pairs`, exported as facts/pair_day.parquet). `count` is the number of
mails. Severity: info; low where more than half of the host's sessions with external hosts went on in clear.

Why it matters: content, addresses and headers of such a mail can be read and changed by everyone on the path.

Benign causes: partners without TLS; opportunistic TLS (RFC 7435) falls back to clear by design.

What to do: offer STARTTLS on the site's server where it does not; require TLS for partners that matter (MTA-STS, DANE,
a transport map); look into `tls-downgrade`.
"""

import polars as pl

from zeeksmtp.detectors._finding import details, entity, severity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import seen_first, uids_seen
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_MAX_PARTNERS = 100


class CleartextMailParams(Params):
    """No parameters: one mail in clear is enough."""


def _sides(tables: Tables) -> pl.LazyFrame:
    """Return the pairs that cross the boundary, by the `host` of the site, its `side` and the external `partner`."""
    pairs = tables["pair_day"].filter("judged")
    sent = pairs.filter(pl.col("direction") == "outbound").with_columns(
        pl.col("client").alias("host"), pl.col("server").alias("partner"), pl.lit("client").alias("side")
    )
    received = pairs.filter(pl.col("direction") == "inbound").with_columns(
        pl.col("server").alias("host"), pl.col("client").alias("partner"), pl.lit("server").alias("side")
    )
    return pl.concat([sent, received])


def plan(tables: Tables, _params: CleartextMailParams, _context: Context) -> pl.LazyFrame:
    """Return one finding per host of the site."""
    sides = _sides(tables)
    per_host = sides.group_by("host").agg(pl.col("clear_sessions", "tls_sessions").sum())
    clear = sides.filter(pl.col("cleartext_mails") > 0)
    partners = (
        clear.group_by("host", "partner")
        .agg(pl.col("cleartext_mails").sum())
        .sort("host", "cleartext_mails", "partner", descending=[False, True, False])
        .group_by("host", maintain_order=True)
        .agg(pl.col("partner").head(_MAX_PARTNERS).alias("external_hosts"), pl.len().alias("partners"))
    )
    found = (
        clear.group_by("host")
        .agg(
            pl.col("first_clear").min().alias("first"),
            pl.col("last_clear").max().alias("last"),
            pl.col("cleartext_mails").sum().alias("count"),
            pl.col("client").filter(pl.col("side") == "client").unique().alias("clients"),
            pl.col("server").filter(pl.col("side") == "server").unique().alias("servers"),
            seen_first("in_clear"),
        )
        .join(partners, on="host")
        .join(per_host, on="host")
    )
    share = pl.col("clear_sessions") / (pl.col("clear_sessions") + pl.col("tls_sessions"))
    return to_findings(
        found.with_columns(
            entity("host"),
            uids_seen("in_clear"),
            severity({"low": share > 0.5}, otherwise="info"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("mails", pl.col("count")),
                evidence("partners", pl.col("partners")),
                evidence("share_of_sessions_in_clear", share.round(3)),
            ),
            details(host=pl.concat_list("host"), external_hosts=pl.col("external_hosts")),
        )
    )


DETECTOR = Detector(
    id="cleartext-mail",
    title="Cleartext mail: {host}",
    summary="{host} exchanged {mails:mail} with {partners:external host} without TLS: {external_hosts}.",
    actions=(
        Advice("Enable TLS for outgoing mail on {clients}.", when=("client-local",)),
        Advice("Check that {servers} offers STARTTLS with a valid certificate.", when=("server-local",)),
        Advice("Require TLS on {host} for partners that matter (MTA-STS, DANE or a transport map)."),
    ),
    attack=("T1040",),
    needs=("pair_day",),
    required_logs=("smtp",),
    params=CleartextMailParams,
    plan=plan,
    symptom=True,
)
