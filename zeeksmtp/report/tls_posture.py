"""What servers agree to in TLS, and the certificates that they show: columns of the posture of servers."""

from __future__ import annotations

import polars as pl

from zeeksmtp.facts.handshake import is_weak
from zeeksmtp.model import Collect, Tables

MAX_CIPHERS = 20
MAX_NAMES = 20
_KEY = ("server", "port")


def server_tls(tables: Tables) -> pl.LazyFrame:
    """Return, per server and port, `weak_tls` (handshakes), and end and names of the certificate shown last."""
    weak = pl.col("sessions").filter(is_weak()).sum().alias("weak_tls")
    agreed = tables["handshake"].group_by(_KEY).agg(weak)
    newest = (
        tables["certificate"]
        .sort(*_KEY, "last", "certificate")
        .unique(_KEY, keep="last", maintain_order=True)
        .select(*_KEY, pl.col("not_after").alias("certificate_expires"), pl.col("names").list.head(MAX_NAMES))
    )
    return agreed.join(newest.rename({"names": "certificate_names"}), on=list(_KEY), how="left")


def ciphers_of(tables: Tables, collect: Collect) -> dict[tuple[str, int], dict[str, int]]:
    """Return handshakes by cipher suite, the commonest first, per server and port."""
    counted = (
        tables["handshake"]
        .filter(pl.col("cipher").is_not_null())
        .group_by(*_KEY, "cipher")
        .agg(pl.col("sessions").sum())
        .sort(*_KEY, "sessions", "cipher", descending=[False, False, True, False])
        .group_by(_KEY, maintain_order=True)
        .head(MAX_CIPHERS)
    )
    ciphers: dict[tuple[str, int], dict[str, int]] = {}
    for server, port, cipher, sessions in collect(counted).iter_rows():
        ciphers.setdefault((server, port), {})[cipher] = sessions
    return ciphers
