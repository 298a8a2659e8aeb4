"""Simulated sites one after the other: judge, match, add up."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.cases import DETECTORS
from tests.evaluate.comparing import Flagged, compared
from tests.evaluate.judging import judged
from tests.evaluate.matching import Score, scores
from tests.simulation.compile import summary
from tests.simulation.site import Site
from tests.simulation.world import World, simulate

Say = Callable[[str], None]


@dataclass
class Figures:
    """What all sites add up to."""

    seeds: list[int] = field(default_factory=list)
    hosts: int = 0
    days: int = 0
    host_days: int = 0
    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    events: int = 0
    scores: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    rules: dict[tuple[str, str], Flagged] = field(default_factory=lambda: defaultdict(Flagged))
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, world: World) -> None:
        """Judge a site and add its figures."""
        self.seeds.append(world.site.seed)
        self.hosts, self.days = world.site.hosts, world.site.days
        self.host_days += world.host_days
        self.events += len(world.events)
        for log, rows in summary(world.logs).items():
            self.rows[log] += rows
        with tempfile.TemporaryDirectory(prefix="zeeksmtp-evaluate-") as folder:
            result = judged(world.logs, world.site.context, Path(folder))
            self.failed |= result.failed
            for detector, score in scores(result.findings, world.events, DETECTORS, world.site.seed).items():
                self.scores[detector].add(score)
            for name, flagged in compared(result.tables, result.findings, world.events).items():
                self.rules[name].add(flagged)


def evaluated(seeds: Iterable[int], say: Say, *, hosts: int = 300, days: int = 14) -> Figures:
    """Simulate and judge a site for each seed."""
    figures = Figures()
    for seed in seeds:
        figures.add(simulate(Site(seed, hosts, days)))
        say(f"seed {seed}: {figures.host_days} host-days, {sum(s.found for s in figures.scores.values())} found")
    return figures
