"""Findings that repeat each other are one: what many sources do together, and the symptoms of one cause."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import chain, pairwise

from zeeksmtp.correlate._unions import Groups, occurrences
from zeeksmtp.correlate.grouping import pause
from zeeksmtp.correlate.wording import JOINED, actions_of
from zeeksmtp.model import Detail, Detector, Evidence, Finding, Hosts, Severity, Term

_MAX_NAMES = 100
_MAX_UIDS = 20


def without_repetition(
    findings: Sequence[Finding], detectors: Mapping[str, Detector], hosts: Hosts, link_hours: float
) -> list[Finding]:
    """Make one finding of the distributed ones of a detector that one group of sources causes.

    Thirty sources that guess the passwords of eight accounts alarm once for each account. They are one if they are
    about the same servers, share a source, and no more than `link_hours` lie between them.
    """
    ordered = sorted(findings, key=lambda finding: (finding.first, finding.id))
    groups, link = Groups(len(ordered)), timedelta(hours=link_hours)
    for sharers in occurrences(_sources(finding, detectors) for finding in ordered).values():
        for one, other in pairwise(sharers):
            if _pause(ordered[one], ordered[other]) <= link:
                groups.join(one, other)
    return [joined([ordered[n] for n in group], detectors, hosts) for group in groups.members()]


def _sources(finding: Finding, detectors: Mapping[str, Detector]) -> Iterable[Hashable]:
    """Yield each source of a distributed attack with what it must have in common with others."""
    detector = detectors[finding.detector]
    is_attack = detector.convicts and not detector.compromises_credentials and detector.technique is not None
    if is_attack and len(finding.clients) > 1 and finding.severity.rank >= Severity.MEDIUM.rank:
        yield from ((detector.id, finding.visibility, finding.servers, client) for client in finding.clients)


def _pause(one: Finding, other: Finding) -> timedelta:
    return pause((one.first, one.last), (other.first, other.last))


def joined(findings: Sequence[Finding], detectors: Mapping[str, Detector], hosts: Hosts) -> Finding:
    """Return one finding for several of one detector: lists united, events summed, evidence of the gravest.

    Its id is that of the oldest, which stays while others are added.
    """
    if len(findings) == 1:
        return findings[0]
    oldest = min(findings, key=lambda finding: (finding.first, finding.id))
    gravest = max(findings, key=lambda finding: (finding.severity.rank, finding.count, finding.id))
    same_title = all(finding.title == gravest.title for finding in findings)
    steps = actions_of([(detectors[gravest.detector].actions, findings)], hosts)
    return gravest.model_copy(
        update={
            "id": oldest.id,
            "title": gravest.title if same_title else f"{gravest.title} and {len(findings) - 1:,} more",
            "replaces": _united(f.replaces for f in findings),
            "first": oldest.first,
            "last": max(f.last for f in findings),
            "count": sum(f.count for f in findings),
            "clients": _united(f.clients for f in findings)[:_MAX_NAMES],
            "servers": _united(f.servers for f in findings)[:_MAX_NAMES],
            "accounts": _united(f.accounts for f in findings)[:_MAX_NAMES],
            "evidence": _evidence(findings, gravest),
            "uids": _united(f.uids for f in findings)[:_MAX_UIDS],
            "summary": f"{len(findings):,} findings, the gravest: {gravest.summary}",
            "action": " ".join(step.text for step in steps),
        }
    )


def _evidence(findings: Sequence[Finding], gravest: Finding) -> Evidence:
    """Return the evidence of the gravest, with the lists of all and their number."""
    number = Term(name=JOINED, value=len(findings), weight=0.0)
    every = [detail for finding in findings for detail in finding.evidence.details]
    lists = {
        detail.name: _united(other.values for other in every if other.name == detail.name)[:_MAX_NAMES]
        for detail in gravest.evidence.details
        if len(detail.values) > 1
    }
    details = (Detail(name=d.name, values=lists.get(d.name, d.values)) for d in gravest.evidence.details)
    terms = (*gravest.evidence.terms, number)
    return gravest.evidence.model_copy(update={"terms": terms, "details": tuple(details)})


def _united(each: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(each)))
