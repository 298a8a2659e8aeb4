"""One event an hour: what is found when the logs end 24 hours after it began. No reading of alarm times: a real cut."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from evaluation.judging import judged
from evaluation.matching import scores
from simulation.attacks import SLOW
from simulation.clock import DAY, moment
from simulation.site import Site
from simulation.world import simulate

_OUTBREAK = 5.0
_EACH = 6


@dataclass
class Slow:
    """By kind: [events, found within 24 hours]."""

    kinds: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    missed: list[str] = field(default_factory=list)


def within_a_day(seeds: Iterable[int]) -> Slow:
    """Judge sites whose logs end a day after attacks of one event an hour began."""
    result = Slow()
    for seed in seeds:
        site = Site(seed, hosts=80, days=7, outbreak=_OUTBREAK)
        world = simulate(site, dict.fromkeys(SLOW, _EACH))
        cut = moment(site.clock.at(_OUTBREAK) + DAY)
        logs = {log: rows.filter(pl.col("ts") < cut) for log, rows in world.logs.items()}
        with tempfile.TemporaryDirectory(prefix="zeeksmtp-slow-") as folder:
            findings = judged(logs, site.context, Path(folder)).findings
        slow = [event for event in world.events if event.strength == 1.0]
        for score in scores(findings, slow, {name for event in slow for name in event.must}, seed).values():
            result.missed += score.missed
            for kind, (events, found) in score.by_kind.items():
                result.kinds[kind][0] += events
                result.kinds[kind][1] += found
    return result
