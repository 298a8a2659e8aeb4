"""What attacks share: how strong they are, whom they come from, and which words they use."""

from __future__ import annotations

import numpy as np

from simulation.clock import HOUR, Times, steady
from simulation.seeds import Random
from simulation.site import Site, outside

NAMES = (
    "root",
    "admin",
    "administrator",
    "info",
    "sales",
    "support",
    "test",
    "guest",
    "office",
    "mail",
    "postmaster",
    "webmaster",
    "hr",
    "jobs",
    "backup",
    "scanner",
    "service",
    "user",
    "oracle",
    "ftp",
)


def log_uniform(random: Random, low: float, high: float) -> float:
    """Draw a strength: each order of magnitude as likely as the next."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def times(site: Site, random: Random, count: int, per_hour: float, earliest: float = 0.3) -> Times:
    """Return `count` moments at a rate, somewhere within the days; as many as fit, if they do not."""
    hours = count / per_hour
    start = site.clock.span(random, hours, earliest)
    if site.outbreak is not None:
        start = site.clock.at(site.outbreak) + int(random.integers(0, HOUR // 2))
    ts = steady(random, start, per_hour, count)
    return ts[ts < site.clock.end]


def somebody(site: Site, random: Random, inside: float = 0.3) -> str:
    """Return the address of an attacker: at times one of the site's own hosts."""
    return site.victim() if random.random() < inside else outside(random, 1)[0]


def one(site: Site, random: Random) -> str:
    """Return an attacker outside."""
    return outside(random, 1)[0]
