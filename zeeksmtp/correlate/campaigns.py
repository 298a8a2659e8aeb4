"""Who acts together: sources of one technique against one target, near in time, in one network or alike in behaviour.

A campaign is found by tokens: findings that share one, and lie near each other in time, belong together. What cannot be
a token (how much the tried names overlap, how alike the rhythm is) is compared pair by pair.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from zeeksmtp.model import Campaign, Finding, Hosts

MAX_COMPARED = 200
"""Findings of one technique and target that are compared pair by pair; beyond, only tokens count."""
MAX_CAMPAIGN_SOURCES = 100
_MIN_NAMES, _MIN_OVERLAP = 3, 0.5
"""Names that two sources tried, at least, and the share of them (Jaccard) that makes the sources alike."""
_MAX_PACE_RATIO, _MAX_COUNT_RATIO, _MIN_EVENTS = 1.5, 2.0, 5
"""How far pace and number of events of sources with one rhythm may lie apart, and how many events show a rhythm."""

EXPOSURE = frozenset({"Cleartext authentication", "TLS downgrade", "STARTTLS stripping"})
"""Techniques that are weaknesses of a server or a path: what joins them is that server, not who speaks to it."""
FROM_INSIDE = frozenset({"Outbound spam", "SMTP scan"})
"""Techniques of compromised hosts of the site: their target is the world, so an outbreak is one within the site."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the sources of a finding speak: their HELO names, and the kinds of commands that most sessions had."""

    helo_names: frozenset[str] = frozenset()
    verbs: str = ""


Behaviours = Mapping[str, Behaviour]
"""Behaviour by id of the finding."""


def tokens(finding: Finding, technique: str | None, behaviour: Behaviour, hosts: Hosts) -> Iterable[Hashable]:
    """Yield what a finding shares with others of its campaign: target and network, or target and HELO name."""
    if technique in EXPOSURE:
        yield technique, _weak_side(finding, hosts)
    elif technique is not None:
        for target in ("site",) if technique in FROM_INSIDE else finding.servers:
            yield from (
                (technique, target, network) for network in {hosts.network_of(client) for client in finding.clients}
            )
            yield from ((technique, target, name) for name in behaviour.helo_names)


def _weak_side(finding: Finding, hosts: Hosts) -> str:
    """Return whose weakness an exposure shows: that of the site's servers, or of its clients with outside servers."""
    outside = all(hosts.is_local(server) is False for server in finding.servers)
    return "clients" if outside else "servers"


def alike(one: Finding, other: Finding, behaviours: Behaviours) -> bool:
    """Return whether two findings of one technique and target look like the work of one attacker."""
    names, others = _tried(one), _tried(other)
    if min(len(names), len(others)) >= _MIN_NAMES and len(names & others) >= _MIN_OVERLAP * len(names | others):
        return True
    same_verbs = behaviours.get(one.id, Behaviour()).verbs == behaviours.get(other.id, Behaviour()).verbs
    overlap = one.first <= other.last and other.first <= one.last
    return same_verbs and overlap and _same_rhythm(one, other)


def _tried(finding: Finding) -> set[str]:
    """Return the names that a source tried: accounts it logged in to, addresses it probed."""
    probed = {name for detail in finding.evidence.details if detail.name == "names_tried" for name in detail.values}
    return probed | {account.lower() for account in finding.accounts}


def _same_rhythm(one: Finding, other: Finding) -> bool:
    fewer, more = sorted((one.count, other.count))
    if fewer < _MIN_EVENTS or more > _MAX_COUNT_RATIO * fewer:
        return False
    slower, faster = sorted((_pace(one), _pace(other)), reverse=True)
    return slower <= _MAX_PACE_RATIO * faster


def _pace(finding: Finding) -> float:
    """Return the seconds from one event to the next, on average."""
    return max((finding.last - finding.first) / timedelta(seconds=1), 1.0) / finding.count


def campaign_of(findings: Sequence[Finding], technique: str, hosts: Hosts) -> Campaign | None:
    """Describe what several sources did together; `None` for a single source."""
    acting = [finding for finding in findings if finding.clients]
    sources = sorted({client for finding in acting for client in finding.clients})
    counted = max((_source_count(finding) for finding in acting), default=0)
    if max(len(sources), counted) < 2:
        return None
    return Campaign(
        technique=technique,
        sources=tuple(sources[:MAX_CAMPAIGN_SOURCES]),
        source_count=max(len(sources), counted),
        networks=tuple(sorted({hosts.network_of(source) for source in sources})[:MAX_CAMPAIGN_SOURCES]),
        targets=tuple(sorted({server for finding in findings for server in finding.servers})[:MAX_CAMPAIGN_SOURCES]),
    )


def _source_count(finding: Finding) -> int:
    """A finding names 100 sources at most, and counts all of them."""
    return next((int(term.value) for term in finding.evidence.terms if term.name == "sources"), len(finding.clients))
