"""Whom a connection by TLS trusts: the system's CAs, or those of a file."""

from __future__ import annotations

import ssl
from pathlib import Path

from zeeksmtp.errors import DeliveryError


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that verifies chain and name; `ca_file` replaces the system's CAs."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise DeliveryError(f"ca_file {ca_file}: {error.strerror or error}; name a PEM file") from error
