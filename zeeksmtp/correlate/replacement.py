"""What one finding shows and another only infers is one thing: the inferred one goes, and the other names it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from zeeksmtp.correlate.grouping import pause
from zeeksmtp.model import Detector, Finding


def without_replaced(
    findings: Sequence[Finding], detectors: Mapping[str, Detector], link_hours: float
) -> list[Finding]:
    """Drop inferred findings that an observed one of the same parties makes superfluous, and name them in it.

    An observed finding stands for an inferred one of its own detector, or of one in `Detector.replaces`, if it has all
    clients of it, one of its servers (where both name servers), and no more than `link_hours` lie between them.
    """
    link = timedelta(hours=link_hours)
    inferred = _by_client(finding for finding in findings if finding.visibility == "inferred")
    replaced: dict[str, list[str]] = {}
    for observed in findings:
        if observed.visibility != "observed":
            continue
        own = detectors[observed.detector]
        near = {f.id: f for client in ("", *observed.clients) for f in inferred.get(client, ())}
        same = [f.id for f in near.values() if f.detector in (own.id, *own.replaces) and _is_same(f, observed, link)]
        if same:
            replaced[observed.id] = sorted(same)
    gone = {identity for same in replaced.values() for identity in same}
    return [
        f.model_copy(update={"replaces": tuple(replaced[f.id])}) if f.id in replaced else f
        for f in findings
        if f.id not in gone
    ]


def _by_client(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Index findings by their first client (`""`: they have none): to compare all with all takes seconds for 7,000."""
    index: dict[str, list[Finding]] = {}
    for finding in findings:
        index.setdefault(next(iter(finding.clients), ""), []).append(finding)
    return index


def _is_same(inferred: Finding, observed: Finding, link: timedelta) -> bool:
    if not set(inferred.clients) <= set(observed.clients):
        return False
    both_name_servers = inferred.servers and observed.servers
    if both_name_servers and set(inferred.servers).isdisjoint(observed.servers):
        return False
    return pause((inferred.first, inferred.last), (observed.first, observed.last)) <= link
