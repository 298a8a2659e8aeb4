"""The page's charts: where each bar and label stands, and what the chart shows in words.

`chart.html.j2` makes SVG of it. A chart holds numbers and dates only: names stand beside it, as text of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count as count_up

from zeeksmtp.model import Count, Day, Volume
from zeeksmtp.outputs._words import counted

WIDTH, HEIGHT = 420, 150
LEFT, RIGHT, TOP, BOTTOM = 44, 412, 10, 130
"""Edges of the area where bars stand, in units of the drawing."""
COLOURS = {
    "usual": "#d5dfec",
    "expected": "#46566b",
    "within": "#3a6ea5",
    "above": "#b42318",
    "tls": "#2b7a5b",
    "clear": "#d9a441",
    "label": "#536072",
    "grid": "#e1e6ed",
}
"""Colours by what they stand for, on a light page. The style sheet overrides them; without one they are what is seen."""
_MAX_STEPS = 3
_MIN_BAR_WIDTH = 0.8
_LINE_HEIGHT = 1.5
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Label:
    """A text on an axis, at an x or a y."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one meaning (a key of `COLOURS`), as the data of one SVG path."""

    meaning: str
    path: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, and what it shows in words."""

    words: str
    bars: tuple[Bars, ...]
    x_labels: tuple[Label, ...]
    y_labels: tuple[Label, ...]


class _Scale:
    """Maps values to y, from zero to a round number above the largest."""

    def __init__(self, largest: float) -> None:
        steps = (digit * 10**power for power in count_up() for digit in (1, 2, 5))
        self._step = next(step for step in steps if step * _MAX_STEPS >= largest)
        self._top = max(-(-largest // self._step), 1) * self._step

    def y(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * value / self._top

    def labels(self) -> tuple[Label, ...]:
        values = range(0, int(self._top) + 1, self._step)
        return tuple(Label(round(self.y(value), 1), f"{value:,}") for value in values)

    def bar(self, left: float, right: float, high: float, low: float = 0) -> str:
        """Return the path of one bar; nothing for one without height."""
        if high <= low:
            return ""
        width = _short(max(right - left, _MIN_BAR_WIDTH))
        return f"M{_short(left)} {_short(self.y(low))}V{_short(self.y(high))}h{width}V{_short(self.y(low))}z"

    def line(self, left: float, right: float, value: float) -> str:
        """Return the path of a line, as a flat bar: all marks of a chart are filled."""
        top, width = _short(self.y(value) - _LINE_HEIGHT / 2), _short(max(right - left, _MIN_BAR_WIDTH))
        return f"M{_short(left)} {top}h{width}v{_LINE_HEIGHT}h-{width}z"


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def whole_days(moments: Iterable[datetime]) -> tuple[datetime, datetime]:
    """Return the span of whole UTC days that holds all of `moments`; there must be one."""
    known = [moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) for moment in moments]
    return min(known), max(known) + _DAY


def compared_value(volume: Volume) -> int:
    """Return the number that the baseline is about; without a baseline, the messages."""
    return volume.messages if volume.value is None else volume.value


def is_above(volume: Volume) -> bool:
    """Return whether more was sent than is usual; never without a baseline."""
    return volume.upper is not None and compared_value(volume) > volume.upper


def _hours_above(volumes: Sequence[Volume]) -> str:
    known = [volume for volume in volumes if volume.upper is not None]
    if not known:
        return f"{counted(len(volumes), 'hour')}, no baseline yet."
    return f"{sum(map(is_above, known)):,} of {counted(len(known), 'hour')} above the usual range."


def sender(volumes: Sequence[Volume], days: tuple[datetime, datetime]) -> Chart:
    """Draw what one client sent, hour by hour, before the usual range."""
    scale = _Scale(max(max(compared_value(volume), volume.upper or 0) for volume in volumes))
    paths: dict[str, list[str]] = {"usual": [], "within": [], "above": [], "expected": []}
    for volume in volumes:
        left, right = _x(volume.hour, days), _x(volume.hour + _HOUR, days)
        paths["above" if is_above(volume) else "within"].append(scale.bar(left, right, compared_value(volume)))
        if volume.upper is not None:
            paths["usual"].append(scale.bar(left, right, volume.upper))
        if volume.expected is not None:
            paths["expected"].append(scale.line(left, right, volume.expected))
    most = max(volumes, key=compared_value)
    words = f"Peak: {compared_value(most):,} at {most.hour:%Y-%m-%d %H:%M} UTC. {_hours_above(volumes)}"
    return Chart(words, _bars(paths), _time_labels(days), scale.labels())


def tls_by_day(days: Sequence[Day]) -> Chart:
    """Draw sessions day by day, with and without TLS."""
    scale = _Scale(max(day.sessions for day in days))
    span = whole_days(day.day for day in days)
    paths: dict[str, list[str]] = {"tls": [], "clear": []}
    for day in days:
        left, right = _x(day.day + 0.1 * _DAY, span), _x(day.day + 0.9 * _DAY, span)
        paths["tls"].append(scale.bar(left, right, day.tls_sessions))
        paths["clear"].append(scale.bar(left, right, day.sessions, day.tls_sessions))
    first, last = (f"{d.tls_sessions / d.sessions:.0%} on {d.day:%Y-%m-%d}" for d in (days[0], days[-1]))
    return Chart(f"Sessions with TLS: {first}, {last}.", _bars(paths), _time_labels(span, _DAY / 2), scale.labels())


def hours(counts: Sequence[Count]) -> Chart:
    """Draw the messages by hour of the site's clock."""
    values = [count.count for count in counts]
    scale, step = _Scale(max(values)), (RIGHT - LEFT) / len(values)
    bars = [scale.bar(LEFT + step * (n + 0.1), LEFT + step * (n + 0.9), value) for n, value in enumerate(values)]
    labels = tuple(Label(round(LEFT + step * (n + 0.5), 1), f"{n}:00") for n in range(0, len(values), 6))
    busiest = values.index(max(values))
    words = f"Peak: {values[busiest]:,} between {busiest:02}:00 and {busiest:02}:59."
    return Chart(words, _bars({"within": bars}), labels, scale.labels())


def _bars(paths: dict[str, list[str]]) -> tuple[Bars, ...]:
    joined = {meaning: "".join(each) for meaning, each in paths.items()}
    return tuple(Bars(meaning, path) for meaning, path in joined.items() if path)


def _x(moment: datetime, days: tuple[datetime, datetime]) -> float:
    first, last = days
    return LEFT + (RIGHT - LEFT) * ((moment - first) / (last - first))


def _time_labels(days: tuple[datetime, datetime], offset: timedelta = timedelta()) -> tuple[Label, ...]:
    """Return the labels of an axis of time over `days`; a day's label stands `offset` after its start."""
    first, last = days
    text, step = ("%H:%M", _DAY / 4) if last - first == _DAY else ("%b %-d", -(-(last - first) // (4 * _DAY)) * _DAY)
    moments = [first + n * step for n in range(-(-(last - first) // step))]
    return tuple(Label(round(_x(moment + offset, days), 1), f"{moment:{text}}") for moment in moments)
