"""smtp.log: one line per mail or STARTTLS. Subjects and header texts are not kept; of From, a hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from zeeksmtp.model import Column, Log
from zeeksmtp.model.connection import CONNECTION, NO_HINT, every_row

if TYPE_CHECKING:
    import polars as pl

_BITS = 2**32 - 1
"""Too few to find a text by trying texts: each hash has countless ones. Two of a client's thousand rarely share one."""


def redact() -> Mapping[str, pl.Expr]:
    """Return hashes in the place of the From header and of the domain in it."""
    import polars as pl  # noqa: PLC0415 - `--help` must not load polars

    author = pl.col("from").str.to_lowercase().str.replace_all(r'[\s"]+', "")
    domain = author.str.extract(r"@([^@<>,;]+)>?$")
    return {"from": _hash(author), "from_domain": _hash(domain)}


def _hash(text: pl.Expr) -> pl.Expr:
    import polars as pl  # noqa: PLC0415 - as above

    return pl.when(text.is_not_null()).then((text.hash() & _BITS).cast(pl.String))


LOG = Log(
    name="smtp",
    doc="mails, as stock Zeek sees them",
    unseen="senders, recipients and volumes of mails are not visible",
    columns=(
        *CONNECTION,
        Column("trans_depth", "count", "number of the transaction within the connection"),
        Column("helo", "string", "what the client called itself"),
        Column("mailfrom", "string", "envelope sender"),
        Column("rcptto", "set[string]", "envelope recipients, accepted or not; Zeek >= 8.1 cuts at 100"),
        Column("from", "string", "a hash of the From header: mails of one name and address have the same"),
        Column("from_domain", "string", "a hash of the domain of that address; the reader makes it"),
        Column("last_reply", "string", "the last reply line seen when the line was written"),
        Column("tls", "bool", "STARTTLS was answered with 220"),
        Column("fuids", "vector[string]", "file ids of the mail's parts; none means no content was seen"),
    ),
    hint=NO_HINT,
    concerns=every_row,
    redact=redact,
)
