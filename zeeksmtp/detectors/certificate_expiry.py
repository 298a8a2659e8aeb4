"""The certificate of a server of the site has expired, soon will, or is for another name.

What it sees: certificates that the site's own servers showed on SMTP ports (table `certificate`, from ssl.log and
x509.log). Of a certificate that has been replaced, nothing is said. One finding per server and port, if at the last
handshake a certificate had expired or had no more than `soon_days` left, or if at least `min_misnamed` handshakes
requested one and the same name (SNI) that it is not for. `count` is the number of handshakes that showed such a
certificate. Severity: medium where an expired one is shown on a port for submission (465, 587, 2525), else low.

Why it matters: programs that check certificates stop sending; people learn to click warnings away, and then nobody
notices an attacker's certificate (T1557). Partners with MTA-STS or DANE stop delivering.

Benign causes: a renewal that is under way; a name that moved to another server; scanners that request any name. On port
25 most senders do not check certificates.

What to do: renew it, better by a program; issue it for every name that clients are set up with. TLS 1.3 encrypts
certificates: what only such clients see stays unseen here.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import seen_first, uids_seen
from zeeksmtp.model import SUBMISSION_PORTS, Advice, Context, Detector, Params, Tables

_KEY = ("server", "port")
_MAX_NAMES = 5


class CertificateParams(Params):
    """When a certificate is worth a line."""

    soon_days: int = Field(
        30, ge=1, le=398, description="days before the end; Source: Let's Encrypt renews 30 days before the end"
    )
    min_misnamed: int = Field(
        3, ge=1, description="handshakes that request the same other name; Source: our choice, one may be a scanner"
    )


def _described(condition: pl.Expr) -> pl.Expr:
    """List names and end of the certificates for which `condition` holds, as `mx.example (2026-11-30)`."""
    names = pl.col("names").list.head(_MAX_NAMES).list.join(", ").replace("", "certificate without a name")
    return pl.format("{} ({})", names, pl.col("not_after").dt.to_string("%Y-%m-%d")).filter(condition).sort()


def _in_use(tables: Tables, params: CertificateParams) -> pl.LazyFrame:
    """Return one row per certificate of the site's servers that none has replaced, with the wrong names requested."""
    wrong = pl.col("misnamed") & (pl.col("sessions") >= params.min_misnamed)
    certificates = (
        tables["certificate"]
        .filter("local")
        .group_by(*_KEY, "certificate")
        .agg(
            pl.col("not_after", "names").first(),
            pl.col("first").min(),
            pl.col("last").max(),
            pl.col("sessions").sum(),
            pl.col("sessions").filter(wrong).sum().alias("misnamed"),
            pl.col("server_name").filter(wrong).sort().alias("requested"),
            seen_first("shown"),
        )
    )
    return certificates.filter(pl.col("last") >= pl.col("first").max().over(_KEY))


def plan(tables: Tables, params: CertificateParams, _context: Context) -> pl.LazyFrame:
    """Return one finding per server port of the site with such a certificate."""
    expired = (pl.col("last") > pl.col("not_after")).fill_null(value=False)
    left = pl.col("not_after") - pl.col("last")
    expiring = (~expired & (left <= timedelta(days=params.soon_days))).fill_null(value=False)
    found = (
        _in_use(tables, params)
        .filter(expired | expiring | (pl.col("misnamed") > 0))
        .group_by(_KEY)
        .agg(
            _described(expired).alias("expired"),
            _described(expiring).alias("expiring"),
            pl.col("requested", "names").explode().drop_nulls().unique().sort(),
            pl.col("misnamed", "sessions").sum(),
            pl.col("first").min(),
            pl.col("last").max(),
            seen_first("shown"),
        )
    )
    rejected = (pl.col("expired").list.len() > 0) & pl.col("port").is_in(SUBMISSION_PORTS)
    return to_findings(
        found.with_columns(
            entity(*_KEY),
            pl.col("sessions").alias("count"),
            pl.concat_list("server").alias("servers"),
            uids_seen("shown"),
            severity({"medium": rejected}, otherwise="low"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("handshakes", pl.col("sessions")),
                evidence("misnamed_handshakes", pl.col("misnamed")),
                evidence("renew", (pl.col("expired").list.len() + pl.col("expiring").list.len()) > 0),
            ),
            details(
                expired=pl.col("expired"),
                expiring=pl.col("expiring"),
                requested=pl.col("requested"),
                names=pl.col("names"),
                port=pl.concat_list(pl.col("port").cast(pl.String)),
            ),
        )
    )


DETECTOR = Detector(
    id="certificate-expiry",
    title="Certificate problem: {servers}:{port}",
    summary="Certificate shown in {handshakes:handshake}{expired:; expired: %}{expiring:; expires soon: %}"
    "{requested:; clients requested %, which it does not cover}.",
    actions=(
        Advice("Renew the certificate of {servers}:{port}.", when=("renew",)),
        Advice(
            "Issue the certificate of {servers}:{port} for {requested}, too, or correct the clients.",
            when=("requested",),
        ),
    ),
    attack=("T1557",),
    needs=("certificate",),
    required_logs=("ssl", "x509"),
    params=CertificateParams,
    plan=plan,
)
