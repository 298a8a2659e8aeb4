"""The page's charts: where each bar and label stands, and what the chart shows in words.

`chart.html.j2` makes SVG of it. A chart holds numbers and dates only: names stand beside it, as text of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from zeeksmtp.model import Count, Day, Volume
from zeeksmtp.outputs._chart_shapes import LEFT, RIGHT, Bars, Chart, Label, Scale
from zeeksmtp.rendering.phrases import counted

_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


def whole_days(moments: Iterable[datetime]) -> tuple[datetime, datetime]:
    """Return the span of whole UTC days that holds all of `moments`, at least one."""
    days = [moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) for moment in moments]
    return min(days), max(days) + _DAY


def compared_value(volume: Volume) -> int:
    """Return the number that the baseline is about; without a baseline, the messages."""
    return volume.messages if volume.value is None else volume.value


def is_above(volume: Volume) -> bool:
    """Return whether more was sent than is usual; never without a baseline."""
    return volume.upper is not None and compared_value(volume) > volume.upper


def _hours_above(volumes: Sequence[Volume]) -> str:
    compared = [volume for volume in volumes if volume.upper is not None]
    if not compared:
        return f"{counted(len(volumes), 'hour')}, no baseline yet."
    return f"{sum(map(is_above, compared)):,} of {counted(len(compared), 'hour')} above the usual range."


def sender(volumes: Sequence[Volume], days: tuple[datetime, datetime]) -> Chart:
    """Draw what one client sent, hour by hour, before the usual range."""
    scale = Scale(max(max(compared_value(volume), volume.upper or 0) for volume in volumes))
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
    scale = Scale(max(day.sessions for day in days))
    span = whole_days(day.day for day in days)
    paths: dict[str, list[str]] = {"tls": [], "clear": []}
    for day in days:
        left, right = _x(day.day + 0.1 * _DAY, span), _x(day.day + 0.9 * _DAY, span)
        paths["tls"].append(scale.bar(left, right, day.tls_sessions))
        paths["clear"].append(scale.bar(left, right, day.sessions, day.tls_sessions))
    first, last = (f"{d.tls_sessions / d.sessions:.0%} on {d.day:%Y-%m-%d}" for d in (days[0], days[-1]))
    return Chart(f"Sessions with TLS: {first}, {last}.", _bars(paths), _time_labels(span, _DAY / 2), scale.labels())


def tls_by_week(days: Sequence[Day]) -> Chart:
    """Draw the share of sessions with TLS week by week (weeks begin on Monday), in percent."""
    weeks: dict[datetime, list[Day]] = {}
    for day in days:
        monday = day.day.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        weeks.setdefault(monday - monday.weekday() * _DAY, []).append(day)
    shares = {
        week: 100 * sum(day.tls_sessions for day in each) / max(sum(day.sessions for day in each), 1)
        for week, each in sorted(weeks.items())
    }
    scale, span = Scale(100), (min(shares), max(shares) + _WEEK)
    bars = [
        scale.bar(_x(week + 0.1 * _WEEK, span), _x(week + 0.9 * _WEEK, span), share) for week, share in shares.items()
    ]
    rest = [
        scale.bar(_x(week + 0.1 * _WEEK, span), _x(week + 0.9 * _WEEK, span), 100, share)
        for week, share in shares.items()
    ]
    said = ", ".join(f"{share:.0f}% in the week of {week:%Y-%m-%d}" for week, share in list(shares.items())[-2:])
    labels = tuple(Label(round(_x(week + _WEEK / 2, span), 1), f"{week:%b %-d}") for week in shares)
    return Chart(f"Percent of sessions with TLS: {said}.", _bars({"tls": bars, "clear": rest}), labels, scale.labels())


def hours(counts: Sequence[Count]) -> Chart:
    """Draw the messages by hour of the site's clock."""
    values = [count.count for count in counts]
    scale, step = Scale(max(values)), (RIGHT - LEFT) / len(values)
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
