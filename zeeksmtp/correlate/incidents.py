"""Findings of one story become one incident.

Findings of medium and above make incidents; one is enough. Two join when they share an actor and no more than
`link_hours` lie between them. Actors are a client's address, unless its role is relay, and an account at a server. A
server alone joins nothing; findings without an actor (posture) stay alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from zeeksmtp.correlate._unions import Groups, occurrences
from zeeksmtp.model import Finding, Incident, Severity, identity

STAGES = ("recon", "exposure", "guessing", "access", "abuse")
_WORST = {Severity.MEDIUM: 20, Severity.HIGH: 40, Severity.CRITICAL: 60}
_PER_STAGE, _IN_ORDER, _SURE, _PER_ENTITY, _BREADTH_CAP = 8, 6, 6, 2, 10


def _actors(finding: Finding, relays: Collection[str]) -> list[tuple[str, ...]]:
    clients: list[tuple[str, ...]] = [("client", client) for client in finding.clients if client not in relays]
    accounts = [
        ("account", server, account.lower()) for server in finding.servers for account in finding.accounts if account
    ]
    return clients + accounts


def _gap(one: Finding, other: Finding) -> timedelta:
    """Time between the nearer ends; zero if they overlap."""
    return max(timedelta(0), max(one.first, other.first) - min(one.last, other.last))


def _linked(findings: Sequence[Finding], relays: Collection[str], link: timedelta) -> list[list[int]]:
    groups = Groups(len(findings))
    for sharers in occurrences(_actors(finding, relays) for finding in findings).values():
        # In order of their start, each is compared with the one that ends last so far: that is its nearest neighbour.
        latest = sharers[0]
        for item in sharers[1:]:
            if _gap(findings[latest], findings[item]) <= link:
                groups.join(latest, item)
            if findings[item].last > findings[latest].last:
                latest = item
    return groups.members()


def _stages(findings: Sequence[Finding], stage_of: Mapping[str, str | None]) -> tuple[str, ...]:
    seen = {stage_of.get(finding.detector) for finding in findings}
    return tuple(stage for stage in STAGES if stage in seen)


def _step(stage: str | None) -> int:
    return STAGES.index(stage) if stage in STAGES else -1


def _in_order(findings: Sequence[Finding], stage_of: Mapping[str, str | None]) -> bool:
    """Each stage began no earlier than the one before it."""
    starts: dict[str, list[Finding]] = {}
    for finding in findings:
        starts.setdefault(stage_of.get(finding.detector) or "", []).append(finding)
    firsts = [min(f.first for f in starts[stage]) for stage in STAGES if stage in starts]
    return len(firsts) > 1 and firsts == sorted(firsts)


def _score(findings: Sequence[Finding], stages: Sequence[str], *, ordered: bool) -> dict[str, int]:
    entities = {e for f in findings for e in (*f.clients, *f.servers, *f.accounts)}
    return {
        "worst_severity": max(_WORST[f.severity] for f in findings),
        "stages": _PER_STAGE * max(0, len(stages) - 1),
        "order": _IN_ORDER if ordered else 0,
        "sure": _SURE if any(f.confidence == "high" for f in findings) else 0,
        "breadth": min(_BREADTH_CAP, _PER_ENTITY * max(0, len(entities) - 2)),
    }


def _root_actor(findings: Sequence[Finding], relays: Collection[str]) -> str:
    """The first client that acted, else the first account at its server; a finding without an actor is its own."""
    acting = [client for finding in findings for client in finding.clients if client not in relays]
    accounts = [f"{account} at {server}" for f in findings for account in f.accounts for server in f.servers]
    return (acting or accounts or [findings[0].id])[0]


def _unique(values: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({value for group in values for value in group}))


def _narrative(findings: Sequence[Finding], worst: Finding) -> str:
    told = [f"{finding.first:%Y-%m-%d %H:%M} UTC: {finding.summary}" for finding in findings]
    return " ".join([*told, f"First: {worst.action}"])


def _incident(findings: Sequence[Finding], relays: Collection[str], stage_of: Mapping[str, str | None]) -> Incident:
    stages = _stages(findings, stage_of)
    parts = _score(findings, stages, ordered=_in_order(findings, stage_of))
    # Of equally grave findings the furthest stage is the news: that a guess was right says more than that it was seen.
    worst = max(findings, key=lambda f: (f.severity.rank, _step(stage_of.get(f.detector))))
    return Incident(
        id=identity(_root_actor(findings, relays), f"{findings[0].first:%Y-%m-%d}"),
        title=worst.title,
        severity=worst.severity,
        score=min(100, sum(parts.values())),
        score_parts=parts,
        stages=stages,
        first=findings[0].first,
        last=max(f.last for f in findings),
        clients=_unique([f.clients for f in findings]),
        servers=_unique([f.servers for f in findings]),
        accounts=_unique([f.accounts for f in findings]),
        findings=tuple(f.id for f in findings),
        narrative=_narrative(findings, worst),
    )


def incidents_of(
    findings: Sequence[Finding], relays: Collection[str], stage_of: Mapping[str, str | None], link_hours: float
) -> tuple[Incident, ...]:
    """Join findings into incidents, worst first.

    `relays` are hosts whose role is relay; `stage_of` gives each detector's stage; `link_hours` is the longest pause
    between neighbours of one story.
    """
    grave = sorted((f for f in findings if f.severity.rank >= Severity.MEDIUM.rank), key=lambda f: (f.first, f.id))
    linked = _linked(grave, relays, timedelta(hours=link_hours))
    made = [_incident([grave[i] for i in group], relays, stage_of) for group in linked]
    return tuple(sorted(made, key=lambda i: (-i.score, i.first, i.id)))
