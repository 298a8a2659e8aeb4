"""A finding as tests need it: all that they do not say is plain."""

from datetime import UTC, datetime
from typing import Any

from zeeksmtp.model import Evidence, Finding

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def plain(**given: Any) -> Finding:
    """Return a finding with these fields; all others say nothing."""
    usual: dict[str, Any] = {
        "id": "0" * 16,
        "detector": "user-enumeration",
        "title": "t",
        "severity": "medium",
        "confidence": "high",
        "attack": (),
        "first": NOON,
        "last": NOON,
        "count": 1,
        "clients": (),
        "servers": (),
        "accounts": (),
        "evidence": Evidence(),
        "uids": (),
        "summary": "s",
        "action": "a",
    }
    return Finding(**(usual | given))
