"""What the Internet does to a site's mail server all day: it belongs to nobody's attack."""

from __future__ import annotations

import numpy as np

from simulation.clock import INTERNET, SECOND, Times
from simulation.dialogue import Talk
from simulation.made import Made
from simulation.site import Site, outside, passwords, words
from simulation.truth import event

_GRABS, _DICTIONARIES, _VERIFIES, _RELAYS, _GUESSERS = 25, 8, 2, 2, 8  # a day


def background(site: Site, made: Made) -> None:
    """Let strangers grab banners, try names, look for an open relay, and guess a password or three."""
    random = site.random("background")
    weights = site.clock.weights(INTERNET, idle=1.0)

    def some(per_day: float) -> tuple[Times, list[str]]:
        count = int(random.poisson(per_day * site.days))
        return site.clock.draw(random, count, weights), outside(random, count)

    ts, clients = some(_GRABS)
    made.add(Talk(ts, clients, site.mx, 25, quit=False))
    ts, clients = some(_DICTIONARIES)
    talk = made.add(Talk(ts, clients, site.mx, 25, helo=words(random, len(ts)), gap=2 * SECOND))
    asks = np.repeat(talk.all, random.integers(1, 4, len(ts)))
    there = random.random(len(asks)) < 0.25
    names = np.where(
        there, random.choice(site.addresses, len(asks)), [f"{w}@{site.domain}" for w in words(random, len(asks), 5)]
    )
    talk.say("MAIL", [f"{word}@bulk.example" for word in words(random, len(ts))])
    talk.say("RCPT", names, np.where(there, "ok", "unknown"), asks)
    ts, clients = some(_VERIFIES)
    made.add(Talk(ts, clients, site.mx, 25, helo="x", esmtp=False)).say(
        "VRFY", "root", "unknown" if site.verifies else "off"
    )
    ts, clients = some(_RELAYS)
    made.add(Talk(ts, clients, site.mx, 25, helo="x", esmtp=False)).mail(
        "spameri@tiscali.example", "spameri@tiscali.example", "denied"
    )
    if len(ts):
        made.events.append(event("relay probes of the Internet", {}, ts, clients=clients, may=["relay-probe"]))
    if site.lenient:
        _guesses(site, made, *some(_GUESSERS), random)


def _guesses(site: Site, made: Made, ts: Times, clients: list[str], random: np.random.Generator) -> None:
    talk = made.add(Talk(ts, clients, site.mx, 25, helo="ylmf-pc", gap=2 * SECOND, quit=False))
    tries = np.repeat(talk.all, random.integers(1, 4, len(ts)))
    users = random.choice(["admin", "info", "test", "sales", "office", "scanner", "root", "user"], len(tries))
    talk.login(users, passwords(random, len(tries)), "wrong", "LOGIN", tries)
    if len(ts):
        may = ["password-guessing", "password-spray"]
        made.events.append(
            event("guesses of the Internet", {}, ts, clients=clients, servers=[site.mx["server"][0]], may=may)
        )
