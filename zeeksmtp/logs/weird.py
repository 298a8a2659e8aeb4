"""weird.log: what Zeek's SMTP analyzer stumbled over, and capture gaps on SMTP ports.

`addl` is not read: in an SMTP weird it can carry a client line, and so a password.
"""

import polars as pl

from zeeksmtp.model import Column, Hint, Log
from zeeksmtp.model.connection import CONNECTION, PORT_HINT, on_smtp_port

_SMTP = ("smtp", "SMTP", "Smtp")


def concerns() -> pl.Expr:
    """Return a boolean expression: a weird of the SMTP analyzer, or any weird on an SMTP port."""
    return (pl.col("name").str.contains_any(list(_SMTP)) | on_smtp_port()).fill_null(value=False)


LOG = Log(
    name="weird",
    doc="protocol oddities of SMTP connections",
    unseen="protocol oddities are not visible",
    columns=(
        *CONNECTION,
        Column("name", "string", "which oddity"),
        Column("notice", "bool", "Zeek raised a notice for it"),
    ),
    hint=Hint(values=PORT_HINT.values, text=_SMTP),
    concerns=concerns,
)
