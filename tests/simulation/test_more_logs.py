"""On simulated sites, too, more logs never lose an attack: what was found with some is found with those and others."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from evaluation.judging import judged
from evaluation.traces import Kind, add_found
from simulation.site import Site
from simulation.units import LOGS
from simulation.world import World, simulate
from tests.conftest import WIDE
from zeeksmtp.model import Finding

SEEDS = (2, 6)
"""Of the half on which parameters may be chosen."""
BASE = frozenset({"conn", "smtp"})
OTHERS = st.sampled_from(sorted(LOGS.keys() - BASE))


@cache
def world_of(seed: int) -> World:
    """Return a small site with every kind of attack."""
    return simulate(Site(seed, hosts=120, days=6))


@cache
def found(seed: int, names: frozenset[str]) -> list[Finding]:
    """Return what all detectors find with some of a site's logs."""
    world = world_of(seed)
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-logs-") as folder:
        logs = {name: rows for name, rows in world.logs.items() if name in names}
        result = judged(logs, world.site.context, Path(folder))
    assert not result.failed
    return result.findings


@settings(max_examples=40 if WIDE else 3, phases=(Phase.explicit, Phase.generate))  # to shrink would take hours
@given(seed=st.sampled_from(SEEDS), some=st.sets(OTHERS), added=st.sets(OTHERS, min_size=1))
def test_no_log_loses_an_attack(seed: int, some: set[str], added: set[str]) -> None:
    kinds: dict[str, Kind] = {}
    for name, logs in (("fewer", BASE | some), ("more", BASE | some | added)):
        add_found(kinds, name, found(seed, frozenset(logs & world_of(seed).logs.keys())), world_of(seed).events, seed)
    lost = {name: kind.lost("fewer", "more") for name, kind in kinds.items()}
    assert {name: events for name, events in lost.items() if events} == {}
