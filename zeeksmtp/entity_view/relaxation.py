"""The nearest value of a setting with which a detector would fire: it is run again, one setting at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import floor, log10, sqrt
from typing import Any, Final

import polars as pl

from zeeksmtp.entity_view.shapes import NeededSetting
from zeeksmtp.model import Context, Detector, Params

Value = int | float
Fires = Callable[[Params, Context], pl.DataFrame]
"""Runs a detector with these settings, and returns what it finds about the host."""
_SHARED: Final[Mapping[str, Value]] = {"alpha": 0.5, "false_discovery_rate": 1.0}
"""Settings of all detectors, and the loosest value of each."""
_FACTOR: Final = 10
"""How far a setting without an upper bound is raised."""
_SMALLEST_SHARE: Final = 1e-3
"""Of a setting, where its bound itself is excluded."""
_MAX_STEPS: Final = 6
"""Of the search between a value with which it is silent and one with which it fires."""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Searches the settings of one detector. `fires` runs it with changed ones."""

    detector: Detector
    params: Params
    context: Context
    fires: Fires

    def needed(self) -> list[tuple[NeededSetting, pl.DataFrame]]:
        """Return each setting that alone would make it fire, with the nearest such value, and what it then finds."""
        return [found for name, extreme in self._extremes() if (found := self._nearest(name, extreme)) is not None]

    def together(self) -> pl.DataFrame:
        """Return what it finds with every minimum at its lowest, every maximum at its highest, and the rates raised."""
        own = {name: extreme for name, extreme in self._extremes() if name.startswith(("min_", "max_"))}
        return self._run({**own, **_SHARED})

    def _extremes(self) -> Iterator[tuple[str, Value]]:
        """Yield each setting with its bounds: of a minimum the lower one, of a maximum the upper one, else both."""
        yield from _SHARED.items()
        for name, field in type(self.params).model_fields.items():
            now = self._now(name)
            for bound in _bounds(field.metadata, now) if type(now) in {int, float} else ():
                if not name.startswith("min_" if bound > now else "max_"):
                    yield name, bound

    def _now(self, name: str) -> Any:
        return getattr(self.context if name in _SHARED else self.params, name)

    def _run(self, changed: Mapping[str, Value]) -> pl.DataFrame:
        shared = {name: value for name, value in changed.items() if name in _SHARED}
        own = {name: value for name, value in changed.items() if name not in _SHARED}
        try:
            params = type(self.params).model_validate({**self.params.model_dump(), **own})
            context = replace(self.context, params={**self.context.params, self.detector.id: params})
            for name, value in shared.items():
                context = replace(context, **{name: value})  # type: ignore[arg-type] # both are numbers
            return self.fires(params, context)
        except ValueError:  # settings that exclude each other, as theta0 above theta1
            return pl.DataFrame()

    def _nearest(self, name: str, extreme: Value) -> tuple[NeededSetting, pl.DataFrame] | None:
        now = self._now(name)
        rows = self._run({name: extreme})
        if rows.is_empty():
            return None
        silent, firing = now, extreme
        for _ in range(_MAX_STEPS):
            middle = _between(silent, firing)
            if middle in {silent, firing}:
                break
            tried = self._run({name: middle})
            silent, firing, rows = (middle, firing, rows) if tried.is_empty() else (silent, middle, tried)
        return NeededSetting(setting=name, value=now, needed=firing), rows


def _bounds(metadata: list[Any], now: Value) -> Iterator[Value]:
    """Yield the lowest and the highest value that a setting can have, where they are not the one that it has."""
    low, high = min(now, 0), now * _FACTOR
    for bound in metadata:
        whole = isinstance(now, int)
        low = getattr(bound, "ge", low)
        high = getattr(bound, "le", high)
        if (above := getattr(bound, "gt", None)) is not None:
            low = above + 1 if whole else above + (now - above) * _SMALLEST_SHARE
        if (below := getattr(bound, "lt", None)) is not None:
            high = below - 1 if whole else below - (below - now) * _SMALLEST_SHARE
    yield from (value for value in (low, high) if value != now)


def _between(silent: Value, firing: Value) -> Value:
    """Return a value between both: of counts their mean, else their geometric mean to two digits."""
    if isinstance(silent, int) and isinstance(firing, int):
        return (silent + firing) // 2
    middle = sqrt(silent * firing)
    return round(middle, 1 - floor(log10(middle))) if middle > 0 else firing
