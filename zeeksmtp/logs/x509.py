"""x509.log: certificates of hosts, whoever showed them; ssl.log says which of them a mail server did.

A row has no connection: `fingerprint` stands in ssl.log's `cert_chain_fps`, in older logs `id` in its
`cert_chain_fuids`. Of each certificate only names and validity are kept. They are texts of strangers.
"""

import polars as pl

from zeeksmtp.model import Column, Log
from zeeksmtp.model.connection import CONNECTION, NO_HINT


def concerns() -> pl.Expr:
    """Return a boolean expression: not marked as a certificate of an authority or of a client."""
    return pl.col("host_cert").fill_null(value=True)


LOG = Log(
    name="x509",
    doc="certificates of hosts",
    unseen="certificates that expire or have the wrong name are not visible",
    columns=(
        CONNECTION[0],
        Column("fingerprint", "string", "hash of the certificate; null in older logs"),
        Column("id", "string", "file id of the certificate, in older logs"),
        Column("certificate.subject", "string", "subject"),
        Column("certificate.not_valid_before", "time", "first moment at which it is valid"),
        Column("certificate.not_valid_after", "time", "last moment at which it is valid"),
        Column("san.dns", "vector[string]", "DNS names that it is for"),
        Column("host_cert", "bool", "it is that of a host, no authority's; null in older logs"),
    ),
    hint=NO_HINT,
    concerns=concerns,
)
