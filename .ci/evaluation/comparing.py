"""Rules of today and our detectors, side by side on the same events: by the client that is named, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from evaluation.matching import alarm_of
from evaluation.rules import PROBLEMS, RULES
from simulation.truth import Event
from zeeksmtp.model import Finding, Severity

OURS = "zeeksmtp, findings of medium and above"
_SLACK = timedelta(hours=1)


@dataclass
class Flagged:
    """The figures of one rule; those of several sites add up.

    `hosts` counts flagged clients: `right` did something malicious, `wrong` did nothing.
    """

    events: int = 0
    found: int = 0
    right: int = 0
    wrong: int = 0

    def add(self, other: Flagged) -> None:
        """Add the figures of another site."""
        self.events += other.events
        self.found += other.found
        self.right += other.right
        self.wrong += other.wrong


def compared(
    tables: Mapping[str, pl.LazyFrame], findings: Iterable[Finding], events: Iterable[Event]
) -> dict[tuple[str, str], Flagged]:
    """Return the figures of each rule and of ours, by problem and name, for one site."""
    happened, said = list(events), list(findings)
    result = {}
    for problem, detectors in PROBLEMS.items():
        mine = [f for f in said if f.detector in detectors and f.severity.rank >= Severity.MEDIUM.rank]
        # A finding speaks from its alarm on, and names later clients of its attack as they come.
        flags = [(client, alarm_of(finding), finding.last) for finding in mine for client in finding.clients]
        concerned = [event for event in happened if detectors & event.must.keys()]
        result[problem, OURS] = _counted(flags, concerned, happened)
        for rule in (rule for rule in RULES if rule.problem == problem):
            rows = rule.flags(tables).collect().iter_rows()
            result[problem, rule.name] = _counted([(client, at, at) for client, at in rows], concerned, happened)
    return result


def _counted(flags: list[tuple[str, datetime, datetime]], concerned: list[Event], happened: list[Event]) -> Flagged:
    times: dict[str, list[tuple[datetime, datetime]]] = {}
    for client, since, till in flags:
        times.setdefault(client, []).append((since, till))
    guilty = {client for event in happened if event.malicious for client in event.clients}
    found = sum(any(_within(event, times.get(client, [])) for client in event.clients) for event in concerned)
    right = len(times.keys() & guilty)
    return Flagged(len(concerned), found, right, len(times) - right)


def _within(event: Event, times: list[tuple[datetime, datetime]]) -> bool:
    day = timedelta(days=1)  # a rule of whole days dates its flag by the day's beginning
    return any(since <= event.end + _SLACK and till >= event.start - day for since, till in times)
