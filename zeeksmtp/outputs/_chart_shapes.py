"""The parts of a chart: bars, labels, and the scale that places them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count as count_up

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
"""Colours by meaning, on a light page. They are seen where no style sheet is heeded; ours overrides them."""
_MAX_STEPS = 3
_MIN_BAR_WIDTH = 0.8
_LINE_HEIGHT = 1.5


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


class Scale:
    """Maps values to y, from zero to a round number above the largest."""

    def __init__(self, largest: float) -> None:
        """Choose a step of 1, 2 or 5 times a power of ten."""
        steps = (digit * 10**power for power in count_up() for digit in (1, 2, 5))
        self._step = next(step for step in steps if step * _MAX_STEPS >= largest)
        self._top: float = max(-(-largest // self._step), 1) * self._step

    def y(self, value: float) -> float:
        """Return where a value lies."""
        return BOTTOM - (BOTTOM - TOP) * value / self._top

    def labels(self) -> tuple[Label, ...]:
        """Return the labels of the axis."""
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
