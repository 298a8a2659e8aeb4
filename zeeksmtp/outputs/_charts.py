"""The page's charts, as SVG. They hold numbers and times only: names stand beside them, as text of the page.

A chart is drawn in the colours of a light page, on nothing. The page's style sheet gives the same colours others in the
dark (it finds them by attribute), so that a chart also reads well where no style sheet is heeded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from zeeksmtp.model import Count, Day, Volume
from zeeksmtp.outputs._words import counted

WIDTH, HEIGHT = 340, 150
"""Size of a chart, in pixels; narrow enough for a phone."""
USUAL, EXPECTED, WITHIN, ABOVE = "#d5dfec", "#46566b", "#3a6ea5", "#b42318"
"""Colours of the usual range, of what was expected, and of a bar within and above the range."""
TLS, CLEAR = "#2b7a5b", "#d9a441"
"""Colours of sessions with and without TLS."""
_TEXT, _GRID = "#536072", "#e1e6ed"
# Attributes that say nothing in a picture, and digits of coordinates (not of labels) that nobody sees.
_INTERACTIVE = re.compile(r' (?:class|role|aria-[a-z]+|pointer-events)="[^"]*"')
_FRACTION = re.compile(r"(?<=\.\d\d)\d+(?=[^<]*>)")
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_AXIS = {"labelColor": _TEXT, "labelFontSize": 11, "gridColor": _GRID, "tickColor": _GRID, "domainColor": _GRID}
_CONFIG = {
    "aria": False,
    "background": None,
    "padding": {"left": 2, "right": 8, "top": 6, "bottom": 2},
    "autosize": {"type": "fit", "contains": "padding"},
    "view": {"stroke": None},
    # Labels have the same room whatever font a machine measures them with.
    "axisX": _AXIS | {"grid": False, "title": None, "labelOverlap": True, "minExtent": 18, "maxExtent": 18},
    "axisY": _AXIS | {"ticks": False, "domain": False, "title": None, "tickCount": 3, "minExtent": 34, "maxExtent": 34},
}


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing (the content of an `svg` element of `WIDTH` and `HEIGHT`) and what it shows, in words."""

    words: str
    svg: str


def whole_days(moments: Iterable[datetime]) -> tuple[datetime, datetime]:
    """Give the span of whole UTC days that holds all of `moments`; there must be one."""
    known = [moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) for moment in moments]
    return min(known), max(known) + _DAY


def judged(volume: Volume) -> int:
    """Give the number that the baseline is about; reports of earlier versions have only the messages."""
    return volume.messages if volume.value is None else volume.value


def is_above(volume: Volume) -> bool:
    """Tell whether more was sent than is usual; never without a baseline."""
    return volume.upper is not None and judged(volume) > volume.upper


def _hours_above(volumes: Sequence[Volume]) -> str:
    known = [volume for volume in volumes if volume.upper is not None]
    if not known:
        return f"{counted(len(volumes), 'hour')}, without a baseline yet."
    return f"{sum(map(is_above, known)):,} of {counted(len(known), 'hour')} above the usual range."


def sender(volumes: Sequence[Volume], days: tuple[datetime, datetime]) -> Chart:
    """Draw what one client sent, hour by hour, before what was usual."""
    import altair as alt  # noqa: PLC0415 - only a page draws

    rows = [
        {"from": _ms(v.hour), "to": _ms(v.hour + _HOUR), "value": judged(v), "expected": v.expected, "upper": v.upper}
        | {"colour": ABOVE if is_above(v) else WITHIN, "zero": 0}
        for v in volumes
    ]
    base = _over(rows).encode(x=_time("from", days), x2="to:T")
    usual = base.transform_filter("datum.upper !== null").mark_bar(color=USUAL, stroke=USUAL)
    bars = base.mark_bar(strokeWidth=1).encode(
        y="value:Q", y2="zero:Q", fill=alt.Fill("colour:N", scale=None), stroke=alt.Stroke("colour:N", scale=None)
    )
    expected = base.transform_filter("datum.expected !== null").mark_rule(color=EXPECTED, strokeWidth=1.5)
    layers = alt.layer(usual.encode(y="upper:Q", y2="zero:Q"), bars, expected.encode(y="expected:Q"))
    most = max(volumes, key=judged)
    words = f"Most: {judged(most):,} at {most.hour:%Y-%m-%d %H:%M} UTC. {_hours_above(volumes)}"
    return Chart(words, _svg(layers))


def tls_by_day(days: Sequence[Day]) -> Chart:
    """Draw the sessions of one server, day by day, with and without TLS."""
    import altair as alt  # noqa: PLC0415 - only a page draws

    rows = [
        {"from": _ms(d.day + _DAY * 0.1), "to": _ms(d.day + _DAY * 0.9), "low": low, "high": high, "colour": colour}
        for d in days
        for low, high, colour in ((0, d.tls_sessions, TLS), (d.tls_sessions, d.sessions, CLEAR))
        if high > low
    ]
    bars = _over(rows).mark_bar()
    chart = bars.encode(
        x=_time("from", whole_days(d.day for d in days), _DAY / 2),
        x2="to:T",
        y="low:Q",
        y2="high:Q",
        fill=alt.Fill("colour:N", scale=None),
    )
    first, last = (f"{d.tls_sessions / d.sessions:.0%} on {d.day:%Y-%m-%d}" for d in (days[0], days[-1]))
    return Chart(f"Sessions with TLS: {first}, {last}.", _svg(chart))


def hours(counts: Sequence[Count]) -> Chart:
    """Draw the messages by hour of the site's clock."""
    import altair as alt  # noqa: PLC0415 - only a page draws

    rows = [{"hour": hour, "messages": count.count} for hour, count in enumerate(counts)]
    axis = alt.Axis(values=[0, 6, 12, 18], labelExpr="datum.label + ':00'", labelAngle=0)
    chart = _over(rows).mark_bar(color=WITHIN).encode(x=alt.X("hour:O", axis=axis), y="messages:Q")
    busiest = max(rows, key=lambda row: row["messages"])
    return Chart(
        f"Most: {busiest['messages']:,} between {busiest['hour']:02}:00 and {busiest['hour']:02}:59.", _svg(chart)
    )


def _over(rows: list[dict[str, Any]]) -> Any:
    import altair as alt  # noqa: PLC0415 - only a page draws

    data: Any = alt.Data
    return alt.Chart(data(values=rows))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _time(name: str, days: tuple[datetime, datetime], label_at: timedelta = timedelta()) -> Any:
    """Give the axis of time over `days`; a day's label stands `label_at` after its start."""
    import altair as alt  # noqa: PLC0415 - only a page draws

    first, last = days
    form, step = ("%H:%M", _DAY / 4) if last - first == _DAY else ("%b %-d", -(-(last - first) // (4 * _DAY)) * _DAY)
    ticks = [_ms(first + n * step + label_at) for n in range((last - first) // step + 1)]
    axis = alt.Axis(format=form, values=[tick for tick in ticks if tick <= _ms(last)], labelFlush=True)
    scale = alt.Scale(type="utc", domain=[_ms(first), _ms(last)], nice=False)
    return alt.X(f"{name}:T", scale=scale, axis=axis)


def _svg(chart: Any) -> str:
    """Give what stands inside the `svg` element, without what only an interactive chart needs. Nothing is fetched."""
    import vl_convert  # noqa: PLC0415 - only a page draws

    shape = chart.properties(width=WIDTH, height=HEIGHT).to_dict(validate=False)
    drawn: str = vl_convert.vegalite_to_svg(shape, config=_CONFIG, allowed_base_urls=[])
    return _FRACTION.sub("", _INTERACTIVE.sub("", drawn.partition(">")[2].removesuffix("</svg>")))
