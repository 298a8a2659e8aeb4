"""One simulated site from its seed: logs, truth, and the settings of a run over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from simulation import attacks, benign, facts
from simulation.compile import Frames, compiled
from simulation.made import Made
from simulation.site import Site
from simulation.truth import Event


@dataclass(frozen=True)
class World:
    """A simulated site: `logs` in the lake's schema, and what happened."""

    site: Site
    logs: Frames
    events: tuple[Event, ...]

    @property
    def malicious(self) -> frozenset[str]:
        """Hosts that did wrong, or that somebody else did wrong from."""
        return frozenset(client for event in self.events if event.malicious for client in event.clients)

    @property
    def innocent(self) -> int:
        """The number of the site's own hosts that did nothing wrong and show in the logs."""
        inside = self.logs["conn"].filter(pl.col("local_orig"))["id.orig_h"].unique()
        return len(set(inside) - self.malicious)

    @property
    def host_days(self) -> int:
        """Days times innocent hosts of the site; hosts outside are not counted."""
        return self.innocent * self.site.days


def simulate(site: Site, plan: Mapping[str, int] | None = None) -> World:
    """Simulate a site, which serves once: attacks take its hosts and accounts.

    Args:
        site: What its seed decides.
        plan: How many of each attack (name in `attacks.ALL`); `None`: the usual number of all.
    """
    made = Made()
    for part in benign.ALL:
        part(site, made)
    for name, count in (attacks.usual() if plan is None else plan).items():
        attacks.inject(name, count, site, made)
    logs = compiled(made, site.random("compile"), site.net, hashes=site.hashes)
    return World(site, logs, (*made.events, *facts.events_of(logs)))
