"""Abuse that keeps away from port 25, or has no past: bots and stealers at outside servers, accounts never used."""

from __future__ import annotations

import numpy as np
import polars as pl

from simulation.attacks._common import log_uniform, one, times
from simulation.clock import HOUR, SECOND, Times
from simulation.dialogue import Talk, known_server
from simulation.made import Made
from simulation.seeds import Random
from simulation.site import Site, addresses_of, outside, words
from simulation.truth import HIGH, MEDIUM, event

_PASSWORDS = "PLAIN LOGIN"
ADDRESS_ECHO = ("api.ipify.org", "icanhazip.com", "checkip.dyndns.org", "ip-api.com")
_NOT_SEEN_BEFORE = ("cleartext-credentials", "starttls-declined", "cleartext-mail", "slow-growth", "new-direct-sender")


def _servers(random: Random, domain: str, count: int) -> pl.DataFrame:
    """Return the submission servers of one provider: neighbours, which offer STARTTLS."""
    near = outside(random, 1)[0].rsplit(".", 1)[0]
    each = [known_server(f"{near}.{n + 1}", f"smtp{n}.{domain}", offers=_PASSWORDS) for n in range(count)]
    return pl.concat(each)


def submission_bot(site: Site, made: Made, random: Random) -> None:
    """Let a bot submit through a provider in clear, with a stolen account and its own HELO for nearly every mail."""
    host, count, per_hour = site.victim(), int(log_uniform(random, 25, 250)), log_uniform(random, 20, 1000)
    ts = times(site, random, count, per_hour)
    stolen = words(random, max(10, int(0.65 * len(ts))), 9)
    rows = np.concatenate([np.arange(len(stolen)), random.integers(0, len(stolen), len(ts))])[: len(ts)]
    accounts = [stolen[n] for n in rows.tolist()]
    servers = _servers(random, "freemail.example", 4)
    people = addresses_of(random, random.choice(site.world["domain"].to_list(), len(ts)))
    at = servers[random.integers(0, len(servers), len(ts))]
    talk = made.add(Talk(ts, host, at, 587, helo=accounts, sent=random.integers(600, 1500, len(ts)), gap=400_000))
    senders = [f"{account}@freemail.example" for account in accounts]
    talk.login(senders, words(random, len(ts), 9)).mail(senders, people)
    may = ["mass-mailing", "account-abuse", "credential-exfiltration", *_NOT_SEEN_BEFORE]
    must = {"identity-churn": MEDIUM}
    made.events.append(event("bot at a submission server", must, ts, clients=[host], may=may, strength=per_hour))


def ask_own_address(made: Made, random: Random, ts: Times, host: str) -> None:
    """Look up a service that echoes addresses: before each mail, or once."""
    lookups = ts if random.random() < 0.5 else ts[:1]
    made.resolved(lookups - 2 * SECOND, host, str(random.choice(ADDRESS_ECHO)), "198.51.100.80")


def hidden_stealer(site: Site, made: Made, random: Random) -> None:
    """Mail what was stolen inside TLS to a server that nobody else uses, after asking for the victim's address."""
    host, minutes = site.victim(), log_uniform(random, 10, 240)
    start = site.clock.span(random, 48)
    ts = start + np.arange(0, 48 * HOUR, minutes * 60 * SECOND).astype(np.int64)
    ts = np.sort(ts + random.integers(0, 20 * SECOND, len(ts)))
    port = int(random.choice([587, 465]))
    at = known_server(outside(random, 1)[0], f"mail.{words(random, 1)[0]}.example", software="exim")
    size = int(random.integers(3000, 60000)) + random.integers(0, 200, len(ts))
    ask_own_address(made, random, ts, host)
    made.resolved(ts, host, at["name"][0], at["server"][0])
    way = "implicit" if port == 465 else "starttls"
    made.add(Talk(ts, host, at, port, helo=words(random, 1)[0], tls=way, sent=size, got=270, seconds=1.0))
    must, servers = {"credential-exfiltration": MEDIUM}, [at["server"][0]]
    made.events.append(
        event(
            "stealer inside TLS", must, ts, clients=[host], servers=servers, may=["slow-growth"], strength=60 / minutes
        )
    )


def fresh_account(site: Site, made: Made, random: Random) -> None:
    """Let a stranger log in to an account that never sent before, and mail to two thousand recipients in an hour."""
    if not site.lenient:
        return
    user, client = site.idle_account(), one(site, random) if random.random() < 0.6 else site.victim()
    count, per_hour = int(log_uniform(random, 80, 320)), log_uniform(random, 80, 320)
    ts = times(site, random, count, per_hour, earliest=site.days * 0.5)
    also = random.integers(6, 20, len(ts))
    _abuse(site, made, random, ts=ts, client=client, user=user, also=also)
    made.events.append(
        event(
            "taken account that never sent",
            {"account-abuse": HIGH},
            ts,
            clients=[client],
            servers=[site.submission["server"][0]],
            accounts=[user],
            may=["mass-mailing", "tls-downgrade", *_NOT_SEEN_BEFORE],  # the owner's host had used TLS
            strength=per_hour,
        )
    )


def _abuse(site: Site, made: Made, random: Random, *, ts: Times, client: str, user: str, also: Times) -> None:
    people = addresses_of(random, random.choice(site.world["domain"].to_list(), len(ts)))
    talk = made.add(Talk(ts, client, site.submission, 587, helo="[192.168.1.5]", sent=2500))
    talk.login(user, words(random, 1)[0]).mail(f"{user}@{site.domain}", people, also=also)
