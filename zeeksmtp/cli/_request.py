"""From the words of a command to the request that the pipeline takes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from zeeksmtp.errors import UsageError
from zeeksmtp.model import Window

if TYPE_CHECKING:
    from zeeksmtp.config import Settings


def settings(config: Path | None, local_net: list[str] | None, dask_scheduler: str | None = None) -> Settings:
    """Load the settings; flags win over all else."""
    from zeeksmtp import config as configuration  # noqa: PLC0415 - `--help` must not load the detectors

    nets = tuple(local_net) if local_net else None
    return configuration.load(config, local_nets=nets, dask_scheduler=dask_scheduler)


def window(since: str | None, until: str | None, timezone: str) -> Window:
    """Read `--since` and `--until`; a time without zone is in `timezone`."""
    span = Window(_moment("--since", since, timezone), _moment("--until", until, timezone))
    if span.since and span.until and span.since >= span.until:
        raise UsageError("--since is not before --until; nothing lies between them")
    return span


def _moment(option: str, text: str | None, timezone: str) -> datetime | None:
    if text is None:
        return None
    # A machine without a zone database still knows UTC.
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{option} {text!r} is no time; write 2026-11-23 or 2026-11-23T06:00Z") from None
