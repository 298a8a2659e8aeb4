"""Findings below medium are bounded: on a site of thousands of hosts they would hide what matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from zeeksmtp.model import Finding, Severity


def bounded(findings: Sequence[Finding], limit: int) -> tuple[tuple[Finding, ...], Counter[str]]:
    """Return the findings in their order, at most `limit` of those below medium; and the others counted by detector.

    Every detector gets its share: first the one with most events of each, then the second of each, and so on.
    Symptoms do not count: they are bounded by their incident.
    """
    minor = [f for f in findings if f.severity.rank < Severity.MEDIUM.rank and f.symptom_of is None]
    places: Counter[str] = Counter()
    ranked: list[tuple[int, int, str, Finding]] = []
    for finding in sorted(minor, key=lambda f: (-f.severity.rank, -f.count, f.id)):
        places[finding.detector] += 1
        ranked.append((places[finding.detector], -finding.severity.rank, finding.id, finding))
    left = {finding.id: finding for *_, finding in sorted(ranked)[limit:]}
    return tuple(f for f in findings if f.id not in left), Counter(f.detector for f in left.values())


def note_of(left: Counter[str]) -> list[str]:
    """Say how many findings are not listed, and of which detectors."""
    if not left:
        return []
    counts = ", ".join(f"{detector} {count:,}" for detector, count in left.most_common())
    return [f"{left.total():,} more findings below medium are counted, not listed (max_minor_findings): {counts}"]
