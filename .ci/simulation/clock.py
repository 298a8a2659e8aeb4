"""When things happen: working hours of the site's zone, weekends, holidays, and what never sleeps. Times are µs UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from simulation.seeds import Random

Times = NDArray[np.int64]
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

OFFICE = (0.02, 0.01, 0.01, 0.01, 0.02, 0.05, 0.3, 2, 6, 9, 9, 8, 5, 7, 8.5, 8, 7, 4, 1.5, 0.8, 0.5, 0.4, 0.2, 0.1)
"""How much is sent in each hour of a working day."""
INTERNET = (3, 3, 3, 3, 3, 3, 4, 5, 7, 8, 8, 8, 7, 7, 8, 8, 7, 6, 5, 5, 4, 4, 4, 3)
"""How much arrives in each hour."""
_WEEKEND = 0.06


@dataclass(frozen=True)
class Clock:
    """The simulated days of a site: local midnight to local midnight."""

    zone: str
    first: date
    days: int
    holidays: frozenset[int] = frozenset()

    @property
    def start(self) -> int:
        """First moment."""
        return self.midnight(0)

    @property
    def end(self) -> int:
        """Moment after the last."""
        return self.midnight(self.days)

    def midnight(self, day: int) -> int:
        """Return the local midnight at which a day (0: the first) begins."""
        at = self.first + timedelta(days=day)
        return round(datetime(at.year, at.month, at.day, tzinfo=ZoneInfo(self.zone)).timestamp()) * SECOND

    def at(self, day: float) -> int:
        """Return a moment in days after the start."""
        return self.start + round(day * DAY)

    def works(self, day: int) -> bool:
        """Return whether a day is a working day."""
        return (self.first + timedelta(days=day)).weekday() < 5 and day not in self.holidays

    def hours(self) -> Times:
        """Return the start of every hour."""
        return np.arange(self.start, self.end, HOUR, dtype=np.int64)

    def weights(self, profile: Sequence[float], idle: float = _WEEKEND) -> NDArray[np.float64]:
        """Return the share of each hour; days off count `idle` times a working day."""
        zone = ZoneInfo(self.zone)
        local = [datetime.fromtimestamp(at / SECOND, UTC).astimezone(zone) for at in self.hours().tolist()]
        days = [(at.date() - self.first).days for at in local]
        shares = [profile[at.hour] * (1.0 if self.works(day) else idle) for at, day in zip(local, days, strict=True)]
        each: NDArray[np.float64] = np.array(shares, dtype=np.float64)
        return np.asarray(each / each.sum(), dtype=np.float64)

    def draw(self, random: Random, count: int, weights: NDArray[np.float64]) -> Times:
        """Return `count` sorted moments, spread over the hours by `weights`."""
        hours = random.choice(self.hours(), size=count, p=weights)
        return np.sort(hours + random.integers(0, HOUR, count))

    def every(self, random: Random, seconds: float, jitter: float = 0.01) -> Times:
        """Return moments at regular intervals over all days, each off by up to `jitter` of the interval."""
        step = round(seconds * SECOND)
        ticks = np.arange(self.start + random.integers(0, step), self.end, step, dtype=np.int64)
        return np.sort(ticks + (random.uniform(-jitter, jitter, len(ticks)) * step).astype(np.int64))

    def span(self, random: Random, hours: float, earliest: float = 0.3) -> int:
        """Return the start of something that lasts `hours` and lies within the days, not before day `earliest`."""
        low, high = self.at(earliest), max(self.at(earliest) + SECOND, self.end - round(hours * HOUR) - HOUR)
        return int(random.integers(low, high))


def moment(micros: int) -> datetime:
    """Return a moment as a time in UTC."""
    return datetime.fromtimestamp(micros / SECOND, UTC)


def steady(random: Random, start: int, per_hour: float, count: int) -> Times:
    """Return `count` moments at a rate, with exponential gaps."""
    gaps = random.exponential(HOUR / per_hour, count)
    gaps[0] = 0
    return start + np.cumsum(gaps).astype(np.int64)
