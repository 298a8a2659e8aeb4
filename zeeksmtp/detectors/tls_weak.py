"""A server of the site agrees to TLS below 1.2, or to a weak cipher suite.

What it sees: handshakes on SMTP ports of the site's own servers (table `handshake`, from ssl.log) that agreed on SSL or
TLS 1.0 or 1.1 (deprecated by RFC 8996), or on a cipher suite without encryption, without authentication, with export
keys, DES or 3DES (RFC 9325, 4.2.1) or with RC4 (RFC 7465). One finding per server and port; `count` is the number
of such handshakes, completed or not. Severity: medium where a port for submission (465, 587, 2525) agreed to SSL or to
a broken cipher, else low. Outside servers have their versions in the table of servers only.

Why it matters: who can read the traffic can break or downgrade it; where clients log in, their passwords are in it.

Benign causes: on port 25 between mail servers, weak or unauthenticated TLS is still better than none (RFC 7435), and
Postfix prefers anonymous suites there; an old device that nobody can update; a vulnerability scanner that tries all.

What to do: see which clients need it, update them, then set TLS 1.2 as the lowest version.
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._finding import details, entity, severity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import uids_seen
from zeeksmtp.facts.handshake import HAS_WEAK_CIPHER, IS_BROKEN, IS_OLD, MAX_CLIENTS, is_weak
from zeeksmtp.model import SUBMISSION_PORTS, Advice, Context, Detector, Params, Tables

_KEY = ("server", "port")


class WeakParams(Params):
    """No parameters: one handshake shows what a server agrees to."""


def plan(tables: Tables, _params: WeakParams, _context: Context) -> pl.LazyFrame:
    """Return one finding per server port of the site."""
    own = tables["handshake"].filter(pl.col("direction").is_in(["inbound", "internal"]))
    weak = is_weak()
    found = (
        own.group_by(_KEY)
        .agg(
            pl.col("sessions").sum().alias("handshakes"),
            pl.col("first").filter(weak).min(),
            pl.col("last").filter(weak).max(),
            pl.col("sessions").filter(weak).sum().alias("count"),
            pl.col("completed").filter(weak).sum(),
            pl.col("version").filter(IS_OLD).unique().sort().alias("versions"),
            pl.col("cipher").filter(HAS_WEAK_CIPHER).unique().sort().alias("ciphers"),
            pl.col("first_clients").filter(weak).explode().drop_nulls().unique().sort().head(MAX_CLIENTS),
            IS_BROKEN.any().alias("broken"),
            pl.col("shown").filter(weak).explode().drop_nulls().sort().head(20),
        )
        .filter(pl.col("count") > 0)
    )
    return to_findings(
        found.with_columns(
            entity(*_KEY),
            pl.concat_list("server").alias("servers"),
            uids_seen("shown"),
            severity({"medium": pl.col("broken") & pl.col("port").is_in(SUBMISSION_PORTS)}, otherwise="low"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("weak_handshakes", pl.col("count")),
                evidence("all_handshakes", pl.col("handshakes")),
                evidence("completed", pl.col("completed")),
                evidence("broken", pl.col("broken")),
            ),
            details(
                weaknesses=pl.concat_list("versions", "ciphers"),
                versions=pl.col("versions"),
                ciphers=pl.col("ciphers"),
                weak_clients=pl.col("first_clients"),
                port=pl.concat_list(pl.col("port").cast(pl.String)),
            ),
        )
    )


DETECTOR = Detector(
    id="tls-weak",
    title="Weak TLS: {servers}:{port}",
    summary="{weak_handshakes} of {all_handshakes:handshake} agreed on {weaknesses}; clients: {weak_clients}.",
    actions=(
        Advice("Find out whether {weak_clients} can do better; update what cannot."),
        Advice("Set TLS 1.2 as the lowest version of {servers}:{port}.", when=("versions",)),
        Advice("Disable {ciphers} at {servers}:{port}.", when=("ciphers",)),
    ),
    attack=("T1040",),
    needs=("handshake",),
    required_logs=("ssl",),
    params=WeakParams,
    plan=plan,
    weaknesses=("old-tls",),
)
