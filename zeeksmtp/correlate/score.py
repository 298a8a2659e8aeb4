"""How grave an incident is: 0 to 100, the sum of parts that are printed beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zeeksmtp.model import Finding, Severity

STAGES = ("recon", "exposure", "guessing", "access", "abuse")
"""Steps of an attack in their usual order."""
_WORST = {Severity.MEDIUM: 20, Severity.HIGH: 40, Severity.CRITICAL: 60}
_PER_STAGE, _IN_ORDER, _SURE, _PER_ENTITY, _MAX_BREADTH = 8, 6, 6, 2, 10


def step_of(stage: str | None) -> int:
    """Return the place of a stage in the order, -1 for none."""
    return STAGES.index(stage) if stage in STAGES else -1


def score_of(
    findings: Sequence[Finding], severity: Severity, stages: Sequence[str], stage_of: Mapping[str, str | None]
) -> dict[str, int]:
    """Return the parts of the score: worst severity, number of stages, their order, certainty, breadth."""
    entities = {e for f in findings for e in (*f.clients, *f.servers, *f.accounts)}
    return {
        "worst_severity": _WORST[severity],
        "stages": _PER_STAGE * max(0, len(stages) - 1),
        "order": _IN_ORDER if _in_order(findings, stage_of) else 0,
        "confidence": _SURE if any(f.confidence == "high" for f in findings) else 0,
        "breadth": min(_MAX_BREADTH, _PER_ENTITY * max(0, len(entities) - 2)),
    }


def _in_order(findings: Sequence[Finding], stage_of: Mapping[str, str | None]) -> bool:
    """Return whether each stage began no earlier than the one before it."""
    starts: dict[str, list[Finding]] = {}
    for finding in findings:
        starts.setdefault(stage_of.get(finding.detector) or "", []).append(finding)
    firsts = [min(f.first for f in starts[stage]) for stage in STAGES if stage in starts]
    return len(firsts) > 1 and firsts == sorted(firsts)
