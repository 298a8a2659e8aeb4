"""ssl.log and x509.log of simulated sessions."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from simulation.clock import DAY
from simulation.made import Certificate

_HANDSHAKE = 110_000  # µs from the start of a connection to the handshake


def ssl(sessions: pl.DataFrame) -> pl.DataFrame:
    """Return ssl.log's columns of all handshakes, also of those that failed."""
    tried = sessions.filter(pl.col("tls").is_in(["starttls", "implicit", "failed"]), pl.col("answered"))
    established = pl.col("tls") != "failed"
    shown = established & pl.col("certificate").is_not_null()
    return tried.with_columns(
        (pl.col("ts") + _HANDSHAKE).alias("ts"),
        pl.when(established).then("version").alias("version"),
        pl.when(established).then("cipher").alias("cipher"),
        # Mail programs ask for a server by name, servers do not.
        pl.when(pl.col("id.resp_p") != 25).then("name").alias("server_name"),
        established.alias("established"),
        pl.when(shown).then(pl.concat_list("certificate")).alias("cert_chain_fps"),
    )


def x509(sessions: pl.DataFrame, certificates: Sequence[Certificate]) -> pl.DataFrame:
    """Return x509.log's columns of all certificates that were shown: Zeek logs each once a day."""
    rows = [(c.fingerprint, c.subject, c.begins, c.ends, list(c.names)) for c in certificates]
    known = pl.DataFrame(
        rows,
        schema={
            "certificate": pl.String,
            "certificate.subject": pl.String,
            "begins": pl.Int64,
            "certificate.not_valid_after": pl.Datetime("us", "UTC"),
            "san.dns": pl.List(pl.String),
        },
        orient="row",
    )
    seen = sessions.filter(pl.col("answered"), pl.col("certificate").is_not_null(), pl.col("tls") != "failed")
    daily = seen.group_by("certificate", pl.col("ts") // DAY).agg(pl.col("ts").min().alias("first"))
    return (
        daily.join(known, on="certificate")
        .select(
            pl.col("first") + _HANDSHAKE,
            pl.col("certificate").alias("fingerprint"),
            "certificate.subject",
            pl.from_epoch("begins", time_unit="us").dt.replace_time_zone("UTC").alias("certificate.not_valid_before"),
            "certificate.not_valid_after",
            "san.dns",
            pl.lit(value=True).alias("host_cert"),
        )
        .rename({"first": "ts"})
    )
