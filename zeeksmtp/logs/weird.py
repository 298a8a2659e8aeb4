"""weird.log: what Zeek's SMTP analyzer stumbled over, and capture gaps on SMTP ports.

`addl` of an SMTP weird can carry a client line, and so a password: it is not kept for those.
"""

from collections.abc import Mapping

import polars as pl

from zeeksmtp.logs._common import CONNECTION, PORT_HINT, on_smtp_port
from zeeksmtp.model import Column, Log


def _about_smtp() -> pl.Expr:
    return pl.col("name").str.contains("(?i)smtp")


def concerns() -> pl.Expr:
    """Give a boolean expression: a weird of the SMTP analyzer, or any weird on an SMTP port."""
    return (_about_smtp() | on_smtp_port()).fill_null(value=False)


def redact() -> Mapping[str, pl.Expr]:
    """Give `addl` without what a client typed: nothing of it on any connection that is about SMTP."""
    return {"addl": pl.lit(None, pl.String)}


LOG = Log(
    name="weird",
    doc="protocol oddities of SMTP connections",
    columns=(
        *CONNECTION,
        Column("name", "string", "which oddity"),
        Column("addl", "string", "always null here: it can carry what a client typed"),
        Column("notice", "bool", "Zeek raised a notice for it"),
    ),
    hint=PORT_HINT,
    concerns=concerns,
    redact=redact,
)
