"""Times as people write them: dates, times, and how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

HINT = "write 2026-11-23, 2026-11-23T06:00Z, 30m, 24h, 7d, yesterday or today"
_AGO = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_DAYS_AGO = {"today": 0, "yesterday": 1}


def moment(text: str, zone: tzinfo, now: datetime) -> datetime:
    """Return the UTC time of a time, a date, a time before `now` (`30m`, `24h`, `7d`), `today` or `yesterday`.

    A day stands for its midnight; a time without a zone is in `zone`.

    Raises:
        ValueError: The text is none of these.
    """
    try:
        return _parsed(text, zone, now).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from None


def _parsed(text: str, zone: tzinfo, now: datetime) -> datetime:
    if text in _DAYS_AGO:
        day = now.astimezone(zone).date() - timedelta(days=_DAYS_AGO[text])
        return datetime(day.year, day.month, day.day, tzinfo=zone)
    if ago := _AGO.fullmatch(text):
        return now.astimezone(UTC) - int(ago[1]) * _UNITS[ago[2]]
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)
