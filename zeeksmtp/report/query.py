"""The search language: `client:10.20. severity:>=high since:24h scanner`, in the manner of RITA.

Terms are parted by blanks and must all hold. `field:value` means what the option `--field` means; the same field twice
matches either value (of times and severities both bounds hold). Any other word must occur in what is shown, in any
case. Quotes hold blanks together; what begins with a quote is a word, whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
from typing import Any, NamedTuple

import zeeksmtp.detectors
from zeeksmtp import registry
from zeeksmtp.errors import UsageError
from zeeksmtp.model import Severity
from zeeksmtp.report import moments
from zeeksmtp.report.filters import STATES, Filter, network

HELP: Mapping[str, str] = {
    "severity": "severity:high, severity:>=medium, severity:<high",
    "client": "client:10.20.1.15, client:10.20.0.0/16, client:10.20. (beginning of the address)",
    "server": "server:10.20.0.25, as client",
    "host": "host:10.20.0.25, as client; client or server",
    "account": "account:alice, in any form in which it is logged",
    "detector": "detector:cleartext-mail, detector:cleartext (beginning of the name)",
    "state": "state:new, ongoing, quiet or acknowledged (over what scheduled passes remember)",
    "since": "since:24h, since:7d, since:yesterday, since:2026-11-23T06:00",
    "until": "until:2026-11-24; an event before that time",
}
"""What each field takes, with examples."""
_TOKEN = re.compile(r'(?:"[^"]*"?|[^\s"])+')
_FIELD = re.compile(r"([A-Za-z]+):(.*)", re.DOTALL)
_OFFSETS = {">=": (0, None), ">": (1, None), "<=": (None, 0), "<": (None, -1), "=": (0, 0), "": (0, 0)}
"""From the rank that is written to the lowest and the highest that match."""
_COMPARED = re.compile(r"(>=|<=|>|<|=|)(.*)", re.DOTALL)


class Clock(NamedTuple):
    """What relative times refer to: the zone of times without one, and now."""

    zone: tzinfo = UTC
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A search: what findings must fulfil, and words (folded) that must occur in what is shown."""

    wanted: Filter = field(default_factory=Filter)
    words: tuple[str, ...] = ()

    def occurs_in(self, text: str) -> bool:
        """Return whether every word occurs in a text."""
        folded = text.casefold()
        return all(word in folded for word in self.words)


def parse(text: str, clock: Clock = Clock()) -> Query:  # noqa: B008 - it is frozen
    """Return the search that a text stands for.

    Raises:
        UsageError: A field or its value is unknown; the text says what there is.
    """
    wanted, words = Filter(), []
    for token in _TOKEN.findall(text):
        named = _FIELD.fullmatch(token)
        if named is None:
            words.append(_unquoted(token).casefold())
        else:
            wanted = _with(wanted, named[1].lower(), _unquoted(named[2]), clock)
    return Query(wanted, tuple(word for word in words if word))


def _unquoted(token: str) -> str:
    return token.replace('"', "")


def _with(wanted: Filter, name: str, value: str, clock: Clock) -> Filter:
    if name not in _READERS:
        near = get_close_matches(name, _READERS, 1, 0.5)
        hint = f"did you mean {near[0]}:?" if near else f"there are {', '.join(_READERS)}"
        raise UsageError(f"no field is called {name}:; {hint}")
    if not value:
        raise UsageError(f"{name}: has no value; for example {HELP[name]}")
    return _READERS[name](wanted, value, clock)


def _severity(wanted: Filter, value: str, _: Clock) -> Filter:
    sign, name = _COMPARED.fullmatch(value).groups()  # type: ignore[union-attr] # it matches any text
    by_rank = {severity.rank: severity for severity in Severity}
    rank = next((rank for rank, severity in by_rank.items() if severity == name.lower()), None)
    bounds = [None if rank is None or offset is None else by_rank.get(rank + offset) for offset in _OFFSETS[sign]]
    if bounds == [None, None]:
        raise UsageError(f"severity:{value} is none; there are {', '.join(Severity)}")
    low = [bound for bound in (wanted.min_severity, bounds[0]) if bound]
    high = [bound for bound in (wanted.max_severity, bounds[1]) if bound]
    return replace(
        wanted,
        min_severity=max(low, key=lambda severity: severity.rank, default=None),
        max_severity=min(high, key=lambda severity: severity.rank, default=None),
    )


def _hosts(side: str) -> Callable[[Filter, str, Clock], Filter]:
    def read(wanted: Filter, value: str, _: Clock) -> Filter:
        try:
            return _changed(wanted, side, (*getattr(wanted, side), network(value)))
        except ValueError as error:
            raise UsageError(f"{side.rstrip('s')}: {error}; for example {HELP['client']}") from None

    return read


def _changed(wanted: Filter, name: str, value: Any) -> Filter:
    return replace(wanted, **{name: value})


def _account(wanted: Filter, value: str, _: Clock) -> Filter:
    return replace(wanted, accounts=(*wanted.accounts, value))


def _detector(wanted: Filter, value: str, _: Clock) -> Filter:
    known = [name.replace("_", "-") for name in registry.names(zeeksmtp.detectors)]
    chosen = [value] if value in known else [name for name in known if name.startswith(value)]
    if not chosen:
        near = get_close_matches(value, known, 1, 0.5)
        raise UsageError(f"no detector is called {value!r}" + (f"; did you mean {near[0]}?" if near else ""))
    return replace(wanted, detectors=(*wanted.detectors, *chosen))


def _state(wanted: Filter, value: str, _: Clock) -> Filter:
    if value not in STATES:
        raise UsageError(f"no state is called {value!r}; there are {', '.join(STATES)}")
    return replace(wanted, states=(*wanted.states, value))


def _time(name: str, tightest: Callable[[Iterable[datetime]], datetime]) -> Callable[[Filter, str, Clock], Filter]:
    def read(wanted: Filter, value: str, clock: Clock) -> Filter:
        try:
            at = moments.moment(value, clock.zone, clock.now or datetime.now(clock.zone))
        except ValueError:
            raise UsageError(f"{name}: {value!r} is no time; {moments.HINT}") from None
        before = getattr(wanted, name)
        return _changed(wanted, name, at if before is None else tightest((before, at)))

    return read


_READERS: Mapping[str, Callable[[Filter, str, Clock], Filter]] = {
    "severity": _severity,
    "client": _hosts("clients"),
    "server": _hosts("servers"),
    "host": _hosts("hosts"),
    "account": _account,
    "detector": _detector,
    "state": _state,
    "since": _time("since", max),
    "until": _time("until", min),
}
