"""files.log: the parts of mails, as far as Zeek saw their content: of each its type and size, never its name."""

import polars as pl

from zeeksmtp.model import Column, Hint, Log
from zeeksmtp.model.connection import CONNECTION

_SOURCE = "SMTP"


def concerns() -> pl.Expr:
    """Return a boolean expression: a part of a mail."""
    return (pl.col("source") == _SOURCE).fill_null(value=False)


LOG = Log(
    name="files",
    doc="parts of mails: type and size",
    unseen="sizes of attachments are not visible",
    columns=(
        CONNECTION[0],
        Column("fuid", "string", "id of the part, as in smtp.log's `fuids`"),
        Column("source", "string", "`SMTP`"),
        Column("mime_type", "string", "what Zeek took its content for"),
        Column("seen_bytes", "count", "its bytes, decoded"),
    ),
    hint=Hint(values={"source": (_SOURCE,)}),
    concerns=concerns,
)
