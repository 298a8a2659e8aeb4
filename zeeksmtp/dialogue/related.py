"""Which findings and incidents a connection is part of.

A finding that names one of the connection's uids has it. A finding holds its first 20 uids: one whose list is full
(or empty) also has a connection that its parties and its time cover. Every party that the finding names must fit:
client, server, and an account that logged in in the connection. A shorter list is whole, and what it does not name is
not part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from zeeksmtp.correlate.suppress import bare_account
from zeeksmtp.dialogue.shapes import Part, Story
from zeeksmtp.model import Finding, Report

_MOST_UIDS = 20


class Entity(NamedTuple):
    """What a connection is to a finding: ids, parties, accounts as logged, first and last moment."""

    uids: Sequence[str]
    client: str
    server: str
    accounts: Sequence[str]
    first: datetime
    last: datetime


def parts_of(entity: Entity, report: Report) -> tuple[Part, ...]:
    """Give the findings, in the report's order."""
    return tuple(_part(finding, link) for finding in report.findings if (link := _link(entity, finding)))


def stories_of(parts: Iterable[Part], report: Report) -> tuple[Story, ...]:
    """Give the incidents of those findings, in the report's order."""
    ids = {part.id for part in parts}
    found = [incident for incident in report.incidents if ids & set(incident.findings)]
    return tuple(Story(id=i.id, severity=i.severity, score=i.score, title=i.title) for i in found)


def _link(entity: Entity, finding: Finding) -> Literal["named", "covered"] | None:
    if set(entity.uids) & set(finding.uids):
        return "named"
    abridged = len(finding.uids) in {0, _MOST_UIDS}
    return "covered" if abridged and _covers(finding, entity) else None


def _covers(finding: Finding, entity: Entity) -> bool:
    if not (finding.clients or finding.servers or finding.accounts):
        return False
    in_time = finding.first <= entity.last and entity.first <= finding.last
    fits = (
        not finding.clients or entity.client in finding.clients,
        not finding.servers or entity.server in finding.servers,
        not finding.accounts or bool(_plain(finding.accounts) & _plain(entity.accounts)),
    )
    return in_time and all(fits)


def _plain(accounts: Iterable[str]) -> set[str]:
    """Give accounts without domain and case: a finding may show another form of the same name."""
    return set(map(bare_account, accounts))


def _part(finding: Finding, link: Literal["named", "covered"]) -> Part:
    return Part(
        id=finding.id,
        detector=finding.detector,
        severity=finding.severity,
        confidence=finding.confidence,
        title=finding.title,
        link=link,
    )
