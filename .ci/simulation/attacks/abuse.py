"""Mail that should not be: bots, taken hosts and accounts, stealers."""

from __future__ import annotations

import numpy as np

from simulation.attacks._common import log_uniform, times
from simulation.attacks.evasive import ask_own_address
from simulation.clock import HOUR, SECOND, Times
from simulation.dialogue import Talk, copies, known_server
from simulation.made import Made
from simulation.seeds import Random
from simulation.site import Site, addresses_of, outside, words
from simulation.truth import HIGH, LOW, MEDIUM, event

_SENDING = (
    "new-direct-sender",
    "mass-mailing",
    "blocklisted-sender",
    "smtp-scan",
    "slow-growth",
    "identity-churn",
    "cleartext-mail",
    "starttls-declined",
)


def _spam(site: Site, made: Made, random: Random, *, ts: Times, host: str, blocked: float) -> None:
    """Deliver straight to the servers of the world, as bots do: other names, other senders, many refusals."""
    count = len(ts)
    to = random.integers(0, len(site.world), count)
    at = site.world[to]
    senders = addresses_of(random, random.choice(site.world["domain"].to_list(), count))
    shares = np.array([0.6 - blocked / 2, 0.2 - blocked / 4, 0.12 - blocked / 4, blocked, 0.08])
    answers = random.choice(
        ["ok", "unknown", "policy", "blocked", "greylisted"], count, p=shares / shares.sum()
    ).tolist()
    people = addresses_of(random, at["domain"])
    own = random.random() < 0.5
    helo = words(random, count, 6) if own else words(random, 1, 6)[0]
    if random.random() < 0.7:
        made.looked_up(ts, host, at["domain"])
    talk = made.add(Talk(ts, host, at.drop("domain"), 25, helo=helo, esmtp=random.random() < 0.5, gap=60_000))
    datas = random.choice(["ok", "content"], count, p=[0.85, 0.15])
    talk.mail(senders, people, answers, datas, also=copies(random, count, 0.5, 20))


def spam_bot(site: Site, made: Made, random: Random) -> None:
    """Let a workstation deliver to the world by itself, at any rate."""
    per_hour, count = log_uniform(random, 2, 1500), int(log_uniform(random, 20, 1500))
    _bot(site, made, random, kind="spam bot", per_hour=per_hour, count=count)


def slow_bot(site: Site, made: Made, random: Random) -> None:
    """The same, one mail an hour."""
    _bot(site, made, random, kind="spam bot, one an hour", per_hour=1.0, count=48)


def _bot(site: Site, made: Made, random: Random, *, kind: str, per_hour: float, count: int) -> None:
    host, ts = site.victim(), times(site, random, count, per_hour)
    _spam(site, made, random, ts=ts, host=host, blocked=0.0)
    made.events.append(event(kind, {"new-direct-sender": MEDIUM}, ts, clients=[host], may=_SENDING, strength=per_hour))


def blocklisted(site: Site, made: Made, random: Random) -> None:
    """Let a host deliver that the world's block lists know."""
    host, per_hour = site.victim(), log_uniform(random, 2, 300)
    ts = times(site, random, int(log_uniform(random, 20, 300)), per_hour)
    _spam(site, made, random, ts=ts, host=host, blocked=0.25)
    made.events.append(
        event(
            "block-listed sender",
            {"blocklisted-sender": HIGH, "new-direct-sender": MEDIUM},
            ts,
            clients=[host],
            may=_SENDING,
            strength=per_hour,
        )
    )


def taken_host(site: Site, made: Made, random: Random) -> None:
    """Let a taken workstation send through the site's relay, which takes mail of its own networks without login."""
    host, per_hour = site.victim(), log_uniform(random, 30, 2000)
    count = int(min(1500, max(60, per_hour * log_uniform(random, 0.5, 6))))
    ts = times(site, random, count, per_hour, earliest=site.days * 0.55)
    senders = addresses_of(random, random.choice(site.world["domain"].to_list(), len(ts)))
    to = random.choice(site.world["domain"].to_list(), len(ts))
    people = addresses_of(random, to)
    answers = random.choice(["ok", "policy"], len(ts), p=[0.9, 0.1]).tolist()
    made.add(Talk(ts, host, site.mx, 25, helo=words(random, 1, 6)[0])).mail(
        senders, people, answers, also=copies(random, len(ts), 0.5, 40)
    )
    may = ["account-abuse", "identity-churn", "slow-growth", "starttls-declined"]
    made.events.append(
        event("mass mailing by a host", {"mass-mailing": HIGH}, ts, clients=[host], may=may, strength=per_hour)
    )


def taken_account(site: Site, made: Made, random: Random) -> None:
    """Let strangers log in to an account from several networks and send through the site's server."""
    if not site.lenient:
        return
    user, per_hour = site.account(), log_uniform(random, 20, 1000)
    count = int(min(1000, max(60, per_hour * log_uniform(random, 0.5, 6))))
    ts = times(site, random, count, per_hour, earliest=site.days * 0.55)
    clients = outside(random, int(random.integers(3, 12)))
    to = random.choice(site.world["domain"].to_list(), len(ts))
    people = addresses_of(random, to)
    forged = random.random() < 0.5
    senders = [f"{w}@bank.example" for w in words(random, len(ts))] if forged else f"{user}@{site.domain}"
    talk = made.add(Talk(ts, random.choice(clients, len(ts)).tolist(), site.submission, 587, helo="WIN-TEST"))
    talk.login(user, words(random, 1)[0]).mail(senders, people, also=copies(random, len(ts), 0.5, 40))
    made.events.append(
        event(
            "taken account",
            {"account-abuse": HIGH},
            ts,
            clients=clients,
            servers=[site.submission["server"][0]],
            accounts=[user, *(senders if forged else ())],  # no stock log tells an account but by its sender
            may=["mass-mailing", "cleartext-credentials", "starttls-declined", "cleartext-mail"],
            strength=per_hour,
        )
    )


def many_networks(site: Site, made: Made, random: Random) -> None:
    """Use one account from many networks, and send nothing yet."""
    if not site.lenient:
        return
    user, clients = site.account(), outside(random, int(log_uniform(random, 6, 100)))
    per_hour = log_uniform(random, 2, 60)
    ts = times(site, random, len(clients), per_hour)
    made.add(Talk(ts, clients[: len(ts)], site.submission, 587, helo="x")).login(user, words(random, 1)[0])
    made.events.append(
        event(
            "one account, many networks",
            {"account-abuse": HIGH},
            ts,
            clients=clients,
            servers=[site.submission["server"][0]],
            accounts=[user],
            may=["cleartext-credentials", "starttls-declined"],
            strength=per_hour,
        )
    )


def stealer(site: Site, made: Made, random: Random) -> None:
    """Mail what was stolen to oneself, by a server outside, in clear, again and again."""
    host, minutes = site.victim(), log_uniform(random, 5, 360)
    start = site.clock.span(random, 48)
    ts = start + np.arange(0, 48 * HOUR, minutes * 60 * SECOND).astype(np.int64)
    ts = np.sort(ts + random.integers(0, 20 * SECOND, len(ts)))
    user = f"{words(random, 1)[0]}@hosted.example"
    at = known_server(outside(random, 1)[0], "mail.hosted.example", software="exim", offers="PLAIN LOGIN")
    talk = made.add(Talk(ts, host, at, 587, helo=words(random, 1)[0], sent=random.integers(2000, 60000, len(ts))))
    talk.login(user, words(random, 1, 12)[0]).mail(user, user if random.random() < 0.7 else "drop@hosted.example")
    if random.random() < 0.6:
        ask_own_address(made, random, ts, host)
    made.events.append(
        event(
            "stealer",
            {"credential-exfiltration": HIGH},
            ts,
            clients=[host],
            servers=[at["server"][0]],
            accounts=[user],
            may=[
                "cleartext-credentials",
                "starttls-declined",
                "cleartext-mail",
                "mass-mailing",
                "account-abuse",
                "slow-growth",
            ],
            strength=60 / minutes,
        )
    )


def growth(site: Site, made: Made, random: Random) -> None:
    """Let a host send a little more every day."""
    host, daily = site.victim(), log_uniform(random, 4, 40)
    began = int(site.days * 0.5)
    parts = []
    for day in range(site.days):
        mean = daily * (1.3 ** max(0, day - began)) * (1 if site.clock.works(day) else 0.7)
        count = random.poisson(mean)
        parts.append(site.clock.midnight(day) + 8 * HOUR + random.integers(0, 9 * HOUR, count))
    ts = np.sort(np.concatenate(parts))
    made.add(Talk(ts, host, site.mx, 25, helo=f"[{host}]", sent=3000)).mail(
        f"report-{host.rsplit('.', 1)[-1]}@{site.domain}", random.choice(site.addresses[:15], len(ts))
    )
    grown = [site.clock.midnight(began), ts[-1]]
    made.events.append(
        event(
            "slow growth",
            {"slow-growth": LOW},
            grown,
            clients=[host],
            may=["mass-mailing", "account-abuse"],
            strength=daily / 24,
        )
    )


def bombing(site: Site, made: Made, random: Random) -> None:
    """Flood somebody's mailbox: list servers confirm subscriptions, a good part of them inside TLS."""
    victim, count = str(random.choice(site.addresses)), int(log_uniform(random, 1500, 5000))
    ts = times(site, random, count, log_uniform(random, 1000, 5000))
    domains = [f"{word}.example" for word in words(random, len(ts), 8)]
    tls = random.choice(["no", "starttls"], len(ts), p=[0.6, 0.4]).tolist()
    talk = made.add(Talk(ts, outside(random, len(ts)), site.mx, 25, helo=[f"lists.{d}" for d in domains], tls=tls))
    talk.mail([f"confirm@{domain}" for domain in domains], victim)
    must, server = {"mail-bombing": MEDIUM}, site.mx["server"][0]
    happened = event(
        "mail bombing", must, ts, servers=[server], accounts=[victim], strength=len(ts) / 2, malicious=False
    )
    made.events.append(happened)
