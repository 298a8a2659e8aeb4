"""How much the page shows, from everything to a digest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageLimits:
    """How much the page shows: cards, steps of a timeline, findings in full and by a line each, rows, names.

    `background` is what is no finding: encryption, mail volume, roles, detectors, files.
    """

    incidents: int
    steps: int
    findings: int
    lines: int
    rows: int
    names: int
    background: bool


LIMITS = (
    PageLimits(incidents=100, steps=1000, findings=100, lines=500, rows=100, names=100, background=True),
    PageLimits(incidents=100, steps=1000, findings=100, lines=500, rows=100, names=100, background=False),
    PageLimits(incidents=30, steps=40, findings=30, lines=100, rows=50, names=10, background=False),
    PageLimits(incidents=10, steps=5, findings=5, lines=20, rows=20, names=5, background=False),
    PageLimits(incidents=5, steps=2, findings=2, lines=10, rows=5, names=2, background=False),
)
"""The first with which the page is small enough is taken: evidence of incidents goes after all else."""
