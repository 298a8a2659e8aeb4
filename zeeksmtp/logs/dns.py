"""dns.log: look-ups of MX records. A workstation that makes its own delivers mail by itself."""

import polars as pl

from zeeksmtp.logs._common import CONNECTION
from zeeksmtp.model import Column, Hint, Log

_MX = 15  # RFC 1035, 3.2.2


def concerns() -> pl.Expr:
    """Return a boolean expression: the query asks for MX."""
    return ((pl.col("qtype") == _MX) | (pl.col("qtype_name") == "MX")).fill_null(value=False)


LOG = Log(
    name="dns",
    doc="look-ups of MX records",
    unseen="look-ups of MX records are not visible",
    columns=(
        *CONNECTION,
        Column("query", "string", "the domain asked for"),
        Column("qtype", "count", "query type; MX is 15"),
        Column("qtype_name", "string", "query type by name"),
        Column("rcode_name", "string", "how the name server answered"),
    ),
    hint=Hint(values={"qtype": (str(_MX),), "qtype_name": ("MX",)}),
    concerns=concerns,
)
