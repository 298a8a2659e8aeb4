"""What each detector can do with the logs at hand, and what other logs would add. Raw: the outputs escape."""

from __future__ import annotations

from collections import Counter

from zeeksmtp.model import Report
from zeeksmtp.rendering.phrases import counted

COLUMNS = ("detector", "with these logs", "better with")
_ABILITIES = ("observed", "inferred", "blind", "failed")
_VERBS = {
    "observed": ("observes", "observe"),
    "inferred": ("infers", "infer"),
    "blind": ("is blind", "are blind"),
    "failed": ("failed", "failed"),
}
PACKAGE = "the zeeksmtp package"
"""What `gains` calls `package`: the Zeek scripts that write smtp_session.log, smtp_cmd.log and smtp_auth.log."""


def abilities(report: Report) -> str:
    """Return how many detectors observe, infer, are blind, or failed; empty where the report does not say."""
    numbers: Counter[str] = Counter(report.coverage.detectors.values())
    each = [f"{numbers[a]:,} {_VERBS[a][numbers[a] != 1]}" for a in _ABILITIES if numbers[a]]
    return ", ".join(each)


def gains(report: Report) -> list[str]:
    """Return what each log that is missing would add, most first."""
    ranked = sorted(report.coverage.gains.items(), key=lambda gain: (-len(gain[1]), gain[0]))
    return [f"{_source(name)} improves {counted(len(ids), 'detector')}: {', '.join(ids)}" for name, ids in ranked]


def rows(report: Report) -> list[tuple[str, ...]]:
    """Return one row per detector, those that see least last."""
    coverage = report.coverage
    better = {
        detector: ", ".join(_source(name) for name, ids in coverage.gains.items() if detector in ids)
        for detector in coverage.detectors
    }
    ranked = sorted(coverage.detectors.items(), key=lambda item: (_ABILITIES.index(item[1]), item[0]))
    return [(detector, ability, better[detector]) for detector, ability in ranked]


def _source(name: str) -> str:
    return PACKAGE if name == "package" else f"{name}.log"
