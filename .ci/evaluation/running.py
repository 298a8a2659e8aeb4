"""Simulated sites one after the other: judge, match, add up."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from evaluation.comparing import Flagged, compared
from evaluation.judging import judged
from evaluation.logsets import ALL, LOG_SETS, chosen
from evaluation.matching import Score, scores
from evaluation.traces import Kind, add_found
from simulation.compile import summary
from simulation.site import Site
from simulation.units import DETECTORS
from simulation.world import World, simulate

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
    sets: dict[str, dict[str, Score]] = field(default_factory=lambda: {name: defaultdict(Score) for name in LOG_SETS})
    kinds: dict[str, Kind] = field(default_factory=dict)
    rules: dict[tuple[str, str], Flagged] = field(default_factory=lambda: defaultdict(Flagged))
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def scores(self) -> dict[str, Score]:
        """The figures of each detector with all logs."""
        return self.sets[ALL]

    def add(self, world: World) -> None:
        """Judge a site and add its figures."""
        self.seeds.append(world.site.seed)
        self.hosts, self.days = world.site.hosts, world.site.days
        self.host_days += world.host_days
        self.events += len(world.events)
        for log, rows in summary(world.logs).items():
            self.rows[log] += rows
        for event in world.events:
            if event.must:
                self.kinds.setdefault(event.kind, Kind(malicious=event.malicious)).events += 1
        for name in LOG_SETS:
            with tempfile.TemporaryDirectory(prefix="zeeksmtp-evaluate-") as folder:
                self._judge(world, name, Path(folder))

    def _judge(self, world: World, name: str, folder: Path) -> None:
        """Judge a site with one set of logs."""
        seed, result = world.site.seed, judged(chosen(world.logs, name), world.site.context, folder)
        self.failed |= result.failed
        events = world.events if name == ALL else [event.inferred() for event in world.events]
        for detector, score in scores(result.findings, events, DETECTORS, seed).items():
            self.sets[name][detector].add(score)
        add_found(self.kinds, name, result.findings, world.events, seed)
        if name == ALL:
            for rule, flagged in compared(result.tables, result.findings, world.events).items():
                self.rules[rule].add(flagged)


def evaluated(seeds: Iterable[int], say: Say, *, hosts: int = 300, days: int = 14) -> Figures:
    """Simulate and judge a site for each seed."""
    figures = Figures()
    for seed in seeds:
        figures.add(simulate(Site(seed, hosts, days)))
        say(f"seed {seed}: {figures.host_days} host-days, {sum(s.found for s in figures.scores.values())} found")
    return figures
