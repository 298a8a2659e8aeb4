"""smtp_cmd.log of our Zeek package: one line per client command and its final reply."""

from collections.abc import Mapping

import polars as pl

from zeeksmtp.model import Column, Log
from zeeksmtp.model.connection import CONNECTION, NO_HINT, every_row


def redact() -> Mapping[str, pl.Expr]:
    """Return `arg` without secrets: of AUTH the mechanism only; of `**` (an AUTH line) and unknown verbs nothing.

    The Zeek script redacts already; a log of another make, or of a line that Zeek took for a verb, may not.
    """
    mechanism = pl.col("arg").str.extract(r"^\s*([A-Za-z0-9_-]{1,20})(?:\s|$)").str.to_uppercase()
    verb = pl.col("command").str.to_uppercase()
    secret = verb.str.contains(r"^\*").fill_null(value=True) | ~pl.col("known").fill_null(value=True)
    return {"arg": pl.when(verb == "AUTH").then(mechanism).when(secret).then(None).otherwise(pl.col("arg"))}


LOG = Log(
    name="smtp_cmd",
    doc="SMTP commands with their replies",
    unseen="VRFY, EXPN, refused recipients and all other commands are not visible",
    columns=(
        *CONNECTION,
        Column("seq", "count", "number of the command within the connection, from 1"),
        Column("command", "string", "upper-case verb as the client meant it; unknown verbs as sent, cut"),
        Column("arg", "string", "the argument, cut; for AUTH the mechanism only"),
        Column("reply_code", "count", "code of the final reply; of DATA and BDAT the reply after the message"),
        Column("reply_status", "string", "its enhanced status, `5.1.1`"),
        Column("reply_msg", "string", "its whole text, cut"),
        Column("disclosed", "vector[string]", "VRFY, EXPN: the text of each line that gave an address away"),
        Column("latency", "interval", "from the command to its final reply"),
        Column("known", "bool", "F for a verb that the analyzer does not know"),
        Column("pipelined", "bool", "sent before the reply of the command before it"),
        Column("mail_size", "count", "DATA, BDAT: bytes of the message as far as seen"),
    ),
    hint=NO_HINT,
    concerns=every_row,
    redact=redact,
)
