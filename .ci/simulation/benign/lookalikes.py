"""Innocents who look like an attack: many aliases, a marketing burst, a first day at work."""

from __future__ import annotations

import numpy as np

from simulation.benign.relays import NEWSLETTER, deliver
from simulation.clock import HOUR, OFFICE
from simulation.dialogue import Talk, known_server
from simulation.made import Made
from simulation.site import Site, addresses_of, words
from simulation.truth import CRITICAL, HIGH, event

ALIASES, NEWCOMER = "10.20.3.140", "10.20.3.141"


def aliases(site: Site, made: Made) -> None:
    """Let somebody write under four addresses of a domain of his own, through one provider, in clear."""
    random = site.random("aliases")
    names = [f"{name}@hobby.example" for name in ("me", "club", "shop", "info")]
    ts = site.clock.draw(random, 6 * site.days, site.clock.weights(OFFICE))
    at = known_server("250.2.7.10", "smtp.hobbyhost.example", offers="PLAIN LOGIN")
    friends = addresses_of(random, site.world["domain"][site.partners(random, 15)])
    talk = made.add(Talk(ts, ALIASES, at, 587, helo=f"[{ALIASES}]"))
    talk.login(names[0], words(random, 1)[0], mechanism="PLAIN", initial=True)
    talk.mail(random.choice(names, len(ts)).tolist(), random.choice(friends, len(ts)).tolist())
    made.events.append(
        event(
            "password in clear over the boundary",
            {"cleartext-credentials": CRITICAL},
            ts,
            clients=[ALIASES],
            servers=[at["server"][0]],
            accounts=names,
            may=["starttls-declined", "cleartext-mail"],
            malicious=False,
        )
    )


def campaign(site: Site, made: Made) -> None:
    """Let the host of the newsletters send three times as much on one day, under three new addresses."""
    random = site.random("marketing")
    day = next(n for n in range(site.days // 2, site.days) if site.clock.works(n) or n == site.days - 1)
    ts = site.clock.midnight(day) + 9 * HOUR + np.sort(random.integers(0, 4 * HOUR, int(2400 * site.traffic)))
    senders = random.choice([f"{name}@{site.domain}" for name in ("autumn", "offers", "events")], len(ts)).tolist()
    host = known_server(NEWSLETTER, f"news.{site.domain}")
    to = random.integers(0, len(site.world), len(ts))
    deliver(site, made, random, relay=host, ts=ts, to=to, senders=senders, dead=0.04)


def newcomer(site: Site, made: Made) -> None:
    """Let a new colleague introduce himself on his first day with forty mails, from a new address and a new host."""
    random = site.random("newcomer")
    day = next(n for n in range(site.days // 2, site.days) if site.clock.works(n) or n == site.days - 1)
    ts = site.clock.midnight(day) + 9 * HOUR + np.sort(random.integers(0, 7 * HOUR, 40))
    colleagues = random.choice(site.addresses, 25).tolist()
    partners = addresses_of(random, site.world["domain"][site.partners(random, 10)])
    to, server = random.choice([*colleagues, *partners], len(ts)).tolist(), site.submission
    talk = made.add(Talk(ts, NEWCOMER, server if site.lenient else site.mx, 587 if site.lenient else 25, helo="nb141"))
    if site.lenient:
        talk.login("new.colleague", words(random, 1)[0])
        made.events.append(
            event(
                "old client in clear",
                {"cleartext-credentials": HIGH},
                ts,
                clients=[NEWCOMER],
                servers=[server["server"][0]],
                accounts=["new.colleague"],
                may=["starttls-declined"],
                malicious=False,
            )
        )
    talk.mail(f"new.colleague@{site.domain}", to, also=random.integers(0, 2, len(ts)))
