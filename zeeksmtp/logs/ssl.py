"""ssl.log: whether TLS really came up, and how, on SMTP ports."""

from zeeksmtp.model import Column, Log
from zeeksmtp.model.connection import CONNECTION, PORT_HINT, on_smtp_port

LOG = Log(
    name="ssl",
    doc="TLS handshakes on SMTP ports",
    unseen="TLS versions are not visible, and a TLS session is one whose STARTTLS was answered with 220",
    columns=(
        *CONNECTION,
        Column("version", "string", "TLS version agreed on"),
        Column("cipher", "string", "cipher suite agreed on"),
        Column("server_name", "string", "name that the client asked for"),
        Column("established", "bool", "the handshake was completed"),
        Column(
            "cert_chain_fps",
            "vector[string]",
            "fingerprints of the server's chain; none in TLS 1.3",
        ),
        Column("cert_chain_fuids", "vector[string]", "their file ids, in older logs"),
    ),
    hint=PORT_HINT,
    concerns=on_smtp_port,
)
