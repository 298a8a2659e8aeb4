"""conn.log: every connection, also failed ones; the only trace of implicit TLS and of ports that do not answer."""

import polars as pl

from zeeksmtp.model import Column, Log
from zeeksmtp.model.connection import CONNECTION, PORT_HINT, on_smtp_port


def concerns() -> pl.Expr:
    """Return a boolean expression: SMTP by port, or by Zeek's own recognition on any port."""
    return (on_smtp_port() | pl.col("service").str.contains("smtp", literal=True)).fill_null(value=False)


LOG = Log(
    name="conn",
    doc="connections",
    unseen="failed connections, volumes in bytes and TLS on port 465 are not visible",
    columns=(
        *CONNECTION,
        Column("proto", "enum", "transport protocol"),
        Column("service", "string", "what Zeek recognised, a comma list; a leading `-` means given up"),
        Column("duration", "interval", "from first to last packet"),
        Column("orig_bytes", "count", "payload bytes of the client"),
        Column("resp_bytes", "count", "payload bytes of the server"),
        Column("conn_state", "string", "how the connection went: SF, S0, REJ, …"),
        Column("local_orig", "bool", "the client is in the site's networks, as Zeek sees it"),
        Column("local_resp", "bool", "the server is in the site's networks, as Zeek sees it"),
        Column("missed_bytes", "count", "bytes lost in capture gaps"),
        Column("orig_pkts", "count", "packets of the client"),
        Column("history", "string", "states as letters: upper case client, lower case server"),
    ),
    hint=PORT_HINT,
    concerns=concerns,
)
