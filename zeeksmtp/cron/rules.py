"""What detection depends on beside the logs: settings and suppressions. When they change, a pass detects anew."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from zeeksmtp import __version__
from zeeksmtp.config import Settings
from zeeksmtp.correlate.suppression import Suppression
from zeeksmtp.model import identity
from zeeksmtp.state import findings

_VALUES = (
    "local_nets",
    "timezone",
    "retention_days",
    "alpha",
    "false_discovery_rate",
    "link_hours",
    "max_minor_findings",
)
_MAPPINGS = ("detectors", "roles")


def with_suppressions(settings: Settings, connection: Connection, today: date) -> Settings:
    """Return the settings with the suppressions of config and state that hold today (UTC)."""
    own = [
        Suppression(finding=entry.finding, reason=entry.reason, expires=entry.expires)
        for entry in findings.suppressions(connection).values()
    ]
    entries = [e for e in (*settings.suppress, *own) if e.expires is None or today < e.expires]
    return settings.model_copy(update={"suppress": tuple(entries)})


def settings_digest(settings: Settings) -> str:
    """Return a hash of all that decides what is found in a lake, the version of this program included."""
    plain = [repr(getattr(settings, name)) for name in _VALUES]
    tables = [sorted((str(key), repr(value)) for key, value in getattr(settings, name).items()) for name in _MAPPINGS]
    return identity(__version__, plain, tables, sorted(repr(entry) for entry in settings.suppress))
