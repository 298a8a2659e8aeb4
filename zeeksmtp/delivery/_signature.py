"""Headers by which a receiver knows who sent a body and that it is no replay: the Standard Webhooks specification.

`webhook-signature` is `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; libraries that verify it exist for
most languages (https://www.standardwebhooks.com).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from zeeksmtp.errors import DeliveryError

MIN_KEY_BYTES = 16
_PREFIX = "whsec_"


def headers(id_: str, seconds: int, body: bytes, key: str | None) -> Mapping[str, str]:
    """Return id and time (Unix `seconds`) of a body, and its signature if there is a `key`."""
    named = {"webhook-id": id_, "webhook-timestamp": str(seconds)}
    if key is None:
        return named
    digest = hmac.digest(_key(key), b".".join((id_.encode(), str(seconds).encode(), body)), hashlib.sha256)
    return named | {"webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < MIN_KEY_BYTES:
        remedy = "make one with `openssl rand -base64 32`"
        raise DeliveryError(f"signing key: not base64 of at least {MIN_KEY_BYTES} bytes; {remedy}")
    return key
