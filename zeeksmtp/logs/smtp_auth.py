"""smtp_auth.log of our Zeek package: one line per AUTH exchange seen in clear. Its `password` column is never read."""

from zeeksmtp.model import Column, Log
from zeeksmtp.model.connection import CONNECTION, NO_HINT, every_row

LOG = Log(
    name="smtp_auth",
    doc="AUTH exchanges in clear",
    unseen="AUTH in clear is not visible",
    columns=(
        *CONNECTION,
        Column("seq", "count", "`seq` of the AUTH command in smtp_cmd.log"),
        Column("mechanism", "string", "SASL mechanism, upper case"),
        Column("initial_response", "bool", "the client sent credentials with the command itself"),
        Column("user", "string", "who logged in"),
        Column("authzid", "string", "on whose behalf"),
        Column("secret_kind", "string", "password, hash, token, ticket, none, undecodable"),
        Column("secret_length", "count", "bytes of the decoded password"),
        Column("secret_hash", "string", "keyed hash of the secret: equal values mean the same password"),
        Column("server_names", "vector[string]", "NTLM: host and domain names that the server's challenge disclosed"),
        Column("outcome", "string", "success, failure, rejected, aborted, unknown"),
        Column("reply_code", "count", "code of the reply that ended the exchange"),
        Column("reply_status", "string", "its enhanced status"),
        Column("reply_msg", "string", "its text"),
        Column("mechanisms_offered", "vector[string]", "what the last EHLO reply offered"),
        Column("starttls_offered", "bool", "the server had offered STARTTLS in this session"),
    ),
    hint=NO_HINT,
    concerns=every_row,
)
