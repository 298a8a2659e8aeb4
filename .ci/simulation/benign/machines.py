"""Machines that mail or look: scan-to-mail, backup reports, the monitoring probe, the vulnerability scanner."""

from __future__ import annotations

import numpy as np
import polars as pl

from simulation.clock import DAY, HOUR, OFFICE, SECOND
from simulation.dialogue import DIRECTORY, Rows, Talk
from simulation.made import Made
from simulation.seeds import Random
from simulation.site import Site, words
from simulation.truth import HIGH, event

SCANNER = "10.20.0.60"


def appliances(site: Site, made: Made) -> None:
    """Let multifunction printers send scans to colleagues; one of them logs in in clear."""
    random = site.random("appliances")
    for n in range(6):
        host, count = f"10.20.3.{100 + n}", int(random.integers(2, 25) * site.days)
        ts = site.clock.draw(random, count, site.clock.weights(OFFICE, idle=0.01))
        size = random.lognormal(12, 1, count).astype(np.int64)
        talk = made.add(Talk(ts, host, site.mx, 25, helo=f"printer{n}", sent=size))
        if n == 0 and site.lenient:
            talk.login("scanner", words(random, 1, 9)[0])
            made.events.append(
                event(
                    "appliance in clear",
                    {"cleartext-credentials": HIGH},
                    ts,
                    clients=[host],
                    servers=[site.mx["server"][0]],
                    accounts=["scanner"],
                    malicious=False,
                )
            )
        talk.mail(f"scanner{n}@{site.domain}", random.choice(site.addresses[:40], count))


def reports(site: Site, made: Made) -> None:
    """Let backup jobs mail their reports at night."""
    random = site.random("reports")
    for n in range(3):
        nights = site.clock.start + np.arange(site.days) * DAY + (2 * HOUR + n * 300 * SECOND)
        ts = np.sort(np.concatenate([nights + k * 30 * SECOND for k in range(4)]) + random.integers(0, 5 * SECOND))
        made.add(Talk(ts, f"10.20.3.{120 + n}", site.mx, 25, helo=f"backup{n}", esmtp=False)).mail(
            f"backup{n}@{site.domain}", f"admins@{site.domain}"
        )


def monitoring(site: Site, made: Made) -> None:
    """Ask both servers every few minutes whether they are well."""
    random = site.random("monitoring")
    for at, port in ((site.mx, 25), (site.submission, 587)):
        made.add(Talk(site.clock.every(random, 300), "10.20.0.90", at, port, helo="probe"))


def vulnerability_scanner(site: Site, made: Made) -> None:
    """Probe the known servers every night by STARTTLS, and sweep all addresses once a week."""
    random = site.random("vulnerability scanner")
    nights = site.clock.start + np.arange(site.days) * DAY + 3 * HOUR
    for at, port in ((site.mx, 25), (site.submission, 587)):
        made.add(Talk(nights, SCANNER, at, port, helo="scan", tls="starttls", sent=200, got=900))
    start = site.clock.midnight(int(random.integers(0, max(1, min(7, site.days))))) + 22 * HOUR
    for week in range(start, site.clock.end - 3 * HOUR, 7 * DAY):
        sweep(made, random, client=SCANNER, start=week, numbers=random.permutation(500)[:300])
    times = [start, site.clock.end]
    made.events.append(
        event("known scanner", {}, times, clients=[SCANNER], may=[] if site.roles else ["smtp-scan"], malicious=False)
    )


def sweep(made: Made, random: Random, *, client: str, start: int, numbers: Rows) -> None:
    """Knock at ports 25 of many addresses of the site; few answer."""
    ts = start + np.sort(random.integers(0, HOUR, len(numbers)))
    servers = [f"10.20.{1 + n // 250}.{1 + n % 250}" for n in numbers.tolist()]
    at = pl.DataFrame([(server, "", "postfix", False, "") for server in servers], schema=DIRECTORY, orient="row")
    states = random.choice(["REJ", "S0"], len(numbers), p=[0.7, 0.3])
    made.add(Talk(ts, client, at, 25, state=states))
