"""smtp.log: one line per mail or STARTTLS. Subjects and header texts are not kept."""

from zeeksmtp.model import Column, Log
from zeeksmtp.model.connection import CONNECTION, NO_HINT, every_row

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
        Column("last_reply", "string", "the last reply line seen when the line was written"),
        Column("tls", "bool", "STARTTLS was answered with 220"),
        Column("fuids", "vector[string]", "file ids of the mail's parts; none means no content was seen"),
    ),
    hint=NO_HINT,
    concerns=every_row,
)
