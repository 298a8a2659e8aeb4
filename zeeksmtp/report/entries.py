"""The numbers on the first screen: incidents first, then the findings that are in none, gravest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from zeeksmtp.model import Finding, HostName, Incident, Report

Entry = Incident | Finding


class EntrySource(Protocol):
    """Where entries come from, and what their ids and addresses refer to: a report, or what passes remember."""

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Return the incidents, gravest first."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return all findings."""

    @property
    def hosts(self) -> Mapping[str, tuple[HostName, ...]]:
        """Return the names of hosts by address."""


FILTER_NOTE = "filters leave out"
"""How the note begins that says how much of a report is not shown."""
MAX_NUMBER_DIGITS = 6
"""Digits of a number; more of them are the beginning of an id."""
MIN_ID_CHARACTERS = 4
"""How much of an id has to be given, at least."""


def other_findings(report: EntrySource) -> tuple[Finding, ...]:
    """Return the findings that no incident has, neither as its own nor as a symptom, gravest first."""
    owned = {finding for incident in report.incidents for finding in incident.findings}
    alone = (f for f in report.findings if f.id not in owned and f.symptom_of is None)
    return tuple(sorted(alone, key=lambda finding: -finding.severity.rank))


def entries(report: EntrySource) -> tuple[Entry, ...]:
    """Return incidents and other findings in the order of their numbers, which begin at 1."""
    return (*report.incidents, *other_findings(report))


def find_entries(report: EntrySource, reference: str) -> tuple[Entry, ...]:
    """Return what `reference` stands for: a number of `entries`, an id of any incident or finding, or its beginning."""
    numbered = entries(report)
    if reference.isdecimal() and len(reference) <= MAX_NUMBER_DIGITS:
        return numbered[int(reference) - 1 : int(reference)] if int(reference) else ()
    if len(reference) < MIN_ID_CHARACTERS:
        return ()
    things: tuple[Entry, ...] = (*report.incidents, *report.findings)
    return tuple(thing for thing in things if thing.id.startswith(reference.lower()))


def is_filtered(report: Report) -> bool:
    """Return whether filters left anything out of a report."""
    return any(note.startswith(FILTER_NOTE) for note in report.coverage.notes)
