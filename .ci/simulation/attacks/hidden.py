"""Commands where none should be: inside a message, and behind STARTTLS."""

from __future__ import annotations

import numpy as np

from simulation.attacks._common import log_uniform, one, times
from simulation.conn import BODY_BYTES
from simulation.dialogue import Talk
from simulation.made import Made
from simulation.seeds import Random
from simulation.site import Site, words
from simulation.truth import HIGH, MEDIUM, event
from zeeksmtp.model import Severity


def smuggling_taken(site: Site, made: Made, random: Random) -> None:
    """Let an outside relay pass on mails that the site's server splits."""
    _smuggle(site, made, random, verdict="early", severity=HIGH)


def smuggling_ignored(site: Site, made: Made, random: Random) -> None:
    """The same, and the server takes each for one mail."""
    _smuggle(site, made, random, verdict="unanswered", severity=MEDIUM)


def _smuggle(site: Site, made: Made, random: Random, *, verdict: str, severity: Severity) -> None:
    client, name = one(site, random), f"mx.{words(random, 1)[0]}.example"
    ts = times(site, random, int(log_uniform(random, 1, 20)), log_uniform(random, 1, 200))
    talk = made.add(Talk(ts, client, site.mx, 25, helo=name, pipelining=bool(random.random() < 0.5)))
    declared = (
        f" SIZE={BODY_BYTES + int(random.integers(300, 4000))}" if random.random() < 0.8 or verdict == "early" else ""
    )
    victims = random.choice(site.addresses, len(ts))
    talk.mail(f"alice@{name}{declared}", victims)
    talk.say("MAIL", f"ceo@{site.domain}", verdict).say("RCPT", victims, verdict).say("DATA", None, verdict)
    kind = "smuggled mail, taken" if verdict == "early" else "smuggled mail, not split"
    must, servers = {"smtp-smuggling": severity}, [site.mx["server"][0]]
    made.events.append(event(kind, must, ts, clients=[client], servers=servers, may=["relay-probe"]))


def injection(site: Site, made: Made, random: Random) -> None:
    """Send commands with STARTTLS, to be executed inside TLS."""
    client = one(site, random)
    ts = times(site, random, int(log_uniform(random, 1, 20)), log_uniform(random, 1, 500))
    talk = made.add(Talk(ts, client, site.mx, 25, helo="probe", tls="starttls", quit=False))
    verbs = [("NOOP", None), ("RSET", None), ("MAIL", "a@research.example")]
    for n in np.sort(random.permutation(len(verbs))[: int(random.integers(1, 4))]):
        verb, arg = verbs[n]
        talk.say(verb, arg, "unanswered")
    must, servers = {"starttls-injection": MEDIUM}, [site.mx["server"][0]]
    made.events.append(event("commands behind STARTTLS", must, ts, clients=[client], servers=servers))
