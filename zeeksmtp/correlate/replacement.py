"""What one finding shows and another only infers is one thing: the inferred one goes, and the other names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    replaced: dict[str, list[str]] = {}
    for observed in findings:
        own = detectors[observed.detector]
        names = (own.id, *own.replaces) if observed.visibility == "observed" else ()
        same = [f.id for f in findings if f.detector in names and _is_same(f, observed, link)] if names else []
        if same:
            replaced[observed.id] = sorted(same)
    gone = {identity for same in replaced.values() for identity in same}
    return [
        f.model_copy(update={"replaces": tuple(replaced[f.id])}) if f.id in replaced else f
        for f in findings
        if f.id not in gone
    ]


def _is_same(inferred: Finding, observed: Finding, link: timedelta) -> bool:
    if inferred.visibility != "inferred" or not set(inferred.clients) <= set(observed.clients):
        return False
    both_name_servers = inferred.servers and observed.servers
    if both_name_servers and set(inferred.servers).isdisjoint(observed.servers):
        return False
    return pause((inferred.first, inferred.last), (observed.first, observed.last)) <= link
