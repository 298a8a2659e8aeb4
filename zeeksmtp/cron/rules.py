"""What decides beside the logs: settings and suppressions; a pass judges anew when they have changed."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from zeeksmtp import __version__
from zeeksmtp.config import Settings, Suppression
from zeeksmtp.model import identity
from zeeksmtp.state import findings

_DECIDING = ("local_nets", "timezone", "retention_days", "alpha", "false_discovery_rate", "link_hours")
_TABLES = ("detectors", "roles")


def in_force(settings: Settings, connection: Connection, today: date) -> Settings:
    """Give the settings with the suppressions of config and state that hold today (UTC)."""
    given = [
        Suppression(finding=entry.finding, reason=entry.reason, expires=entry.expires)
        for entry in findings.suppressed(connection).values()
    ]
    entries = [e for e in (*settings.suppress, *given) if e.expires is None or today < e.expires]
    return settings.model_copy(update={"suppress": tuple(entries)})


def digest(settings: Settings) -> str:
    """Give a hash of all that decides what is found in a lake, this program's version among it."""
    plain = [repr(getattr(settings, name)) for name in _DECIDING]
    tables = [sorted((str(key), repr(value)) for key, value in getattr(settings, name).items()) for name in _TABLES]
    return identity(__version__, plain, tables, sorted(repr(entry) for entry in settings.suppress))
