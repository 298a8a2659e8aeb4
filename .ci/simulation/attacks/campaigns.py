"""Attacks in several steps or from several sources: each is to be one incident."""

from __future__ import annotations

import numpy as np

from simulation.attacks._common import log_uniform, one, times
from simulation.clock import HOUR, SECOND, Times
from simulation.dialogue import Talk
from simulation.made import Made
from simulation.seeds import Random
from simulation.site import Site, addresses_of, outside, passwords, words
from simulation.truth import CRITICAL, HIGH, MEDIUM, event


def _ask(site: Site, made: Made, random: Random, *, clients: list[str], helo: str, ts: Times) -> None:
    """Ask the mail server for recipients, of which one in five exists."""
    there = random.random(len(ts)) < 0.2
    real = random.choice(site.people["account"].to_list(), len(ts))
    names = np.where(there, real, words(random, len(ts), 7)).tolist()
    talk = made.add(Talk(ts, clients, site.mx, 25, helo=helo, esmtp=False, quit=False))
    talk.say("MAIL", "probe@research.example")
    answers = ["ok" if exists else "unknown" for exists in there.tolist()]
    talk.say("RCPT", [f"{name}@{site.domain}" for name in names], answers)


def harvest(site: Site, made: Made, random: Random) -> None:
    """Harvest addresses from thirty sources, each of which alarms alone: of one network, or with one HELO name."""
    first = one(site, random).rsplit(".", 1)[0]
    neighbours = random.random() < 0.5
    sources = [f"{first}.{n}" for n in range(1, 31)] if neighbours else outside(random, 30)
    clients = random.permutation(np.repeat(sources, 15)).tolist()
    per_hour = log_uniform(random, 30, 300)
    ts = times(site, random, len(clients), per_hour)
    _ask(site, made, random, clients=clients[: len(ts)], helo=words(random, 1)[0], ts=ts)
    server = site.mx["server"][0]
    must = {"user-enumeration": MEDIUM}
    made.events.append(event("harvest", must, ts, clients=sources, servers=[server], strength=per_hour))


def chain(site: Site, made: Made, random: Random) -> None:
    """Enumerate, guess, get in, and have the account used from other addresses."""
    if not site.lenient:
        return
    client, user, server = one(site, random), site.account(), site.submission["server"][0]
    probed = times(site, random, 60, 120, earliest=site.days * 0.3)
    _ask(site, made, random, clients=[client] * len(probed), helo="probe", ts=probed)
    guessed = probed[-1] + HOUR + np.arange(60) * 20 * SECOND
    talk = made.add(Talk(guessed, client, site.submission, 587, helo="hydra", gap=SECOND, quit=False))
    talk.login(user, passwords(random, len(guessed)), ["wrong"] * (len(guessed) - 1) + ["ok"], "LOGIN")
    used = guessed[-1] + 2 * HOUR + np.sort(random.integers(0, 3 * HOUR, 300))
    abusers = outside(random, 6)
    people = addresses_of(random, random.choice(site.world["domain"].to_list(), len(used)))
    mails = made.add(Talk(used, random.choice(abusers, len(used)).tolist(), site.submission, 587, helo="WIN-TEST"))
    mails.login(user, words(random, 1)[0]).mail(f"{user}@{site.domain}", people)
    made.events.append(
        event(
            "chain from enumeration to abuse",
            {
                "user-enumeration": MEDIUM,
                "password-guessing": MEDIUM,
                "guess-then-success": CRITICAL,
                "account-abuse": HIGH,
            },
            [int(probed[0]), int(used[-1])],
            clients=[client, *abusers],
            servers=[server, site.mx["server"][0]],
            accounts=[user],
            may=["cleartext-credentials", "mass-mailing", "starttls-declined", "enumeration-oracle"],
        )
    )
