"""Innocent mail inside TLS to servers that nobody else uses, and look-ups of the site's own address: as stealers do."""

from __future__ import annotations

import numpy as np

from simulation.clock import DAY, HOUR, INTERNET, OFFICE, SECOND
from simulation.dialogue import Talk, known_server
from simulation.made import Made
from simulation.site import Site

_MAIL_REPLIES = 270
_OWN_SERVERS = 3
_ECHO_ADDRESS = "198.51.100.81"


def own_servers(site: Site, made: Made) -> None:
    """Let a few people mail through servers of their own, by day; a program of one of them asks for his address."""
    random = site.random("own servers")
    for n in range(_OWN_SERVERS):
        host, name = f"10.20.3.{160 + n}", f"mail.family{n}.example"
        ts = site.clock.draw(random, int(random.integers(2, 9) * site.days), site.clock.weights(OFFICE, idle=0.3))
        size = random.lognormal(8.5, 1.4, len(ts)).clip(500, 2e7).astype(np.int64)
        at = known_server(f"250.4.{n}.9", name, software="exim")
        made.resolved(ts, host, name, at["server"][0])
        made.add(Talk(ts, host, at, 587, helo=f"[{host}]", tls="starttls", sent=size, got=_MAIL_REPLIES, seconds=0.8))
        if n == 0:  # now and then, whether he mails or not
            lookups = site.clock.draw(random, 2 * site.days, site.clock.weights(OFFICE, idle=0.3))
            made.resolved(lookups, host, "ipinfo.io", _ECHO_ADDRESS)


def storage(site: Site, made: Made) -> None:
    """Let a network storage mail its nightly report to its owner, by the clock and always of one size."""
    random = site.random("storage")
    nights = site.clock.start + np.arange(site.days) * DAY + 6 * HOUR + random.integers(0, 20 * SECOND, site.days)
    at = known_server("250.4.9.9", "smtp.smallhost.example", software="exim")
    made.add(Talk(nights, "10.20.3.170", at, 465, helo="nas", tls="implicit", sent=4200, got=_MAIL_REPLIES))


def echoes(site: Site, made: Made) -> None:
    """Let the monitoring probe and some workstations ask which address the site has."""
    random = site.random("echoes")
    ticks = site.clock.every(random, 600)
    made.resolved(ticks, "10.20.0.90", "icanhazip.com", _ECHO_ADDRESS)
    hosts = random.choice(site.people["host"].to_list(), 12, replace=False).tolist()
    ts = site.clock.draw(random, 3 * site.days, site.clock.weights(INTERNET))
    made.resolved(ts, random.choice(hosts, len(ts)).tolist(), "api.ipify.org", _ECHO_ADDRESS)
