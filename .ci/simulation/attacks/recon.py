"""Finding out: who exists, what listens, what relays."""

from __future__ import annotations

import numpy as np
import polars as pl

from simulation.attacks._common import NAMES, log_uniform, one, somebody, times
from simulation.clock import INTERNET, SECOND, Times
from simulation.dialogue import DIRECTORY, Talk, Values, known_server
from simulation.made import Made
from simulation.seeds import Random
from simulation.site import Site, addresses_of, outside, words
from simulation.truth import CRITICAL, LOW, MEDIUM, event
from zeeksmtp.model import Severity

_PER_SESSION, _FAST = 20, 60  # Postfix ends a session at the twentieth error; tools ask that many if they are in haste


def _names(site: Site, random: Random, count: int, hits: float) -> tuple[list[str], list[str]]:
    """Draw names to ask for, of which a share exists, and what an honest server says of each."""
    there = random.random(count) < hits
    real = random.choice(site.people["account"].to_list(), count)
    made_up = [f"{name}{word}" for name, word in zip(random.choice(NAMES, count), words(random, count, 3), strict=True)]
    return np.where(there, real, made_up).tolist(), np.where(there, "known", "unknown").tolist()


def _ask(site: Site, made: Made, random: Random, *, verb: str, ts: Times, clients: Values, packed: int = 1) -> None:
    """Ask for one name at each moment, so many names to a session."""
    names, answers = _names(site, random, len(ts), 0.2)
    begun = ts[::packed]
    pause = int(np.median(np.diff(ts))) if packed > 1 and len(ts) > 1 else 40_000
    talk = made.add(
        Talk(begun, clients, site.mx, 25, helo=words(random, 1)[0], esmtp=False, quit=False, gap=min(pause, SECOND))
    )
    rows = np.repeat(talk.all, packed)[: len(ts)]
    if verb == "RCPT":
        talk.say("MAIL", "probe@research.example")
        verdicts = ["ok" if answer == "known" else "unknown" for answer in answers]
        talk.say("RCPT", [f"{name}@{site.domain}" for name in names], verdicts, rows)
    else:
        talk.say(verb, names, answers if site.verifies else "off", rows)


def _harvest(site: Site, made: Made, random: Random, *, kind: str, per_hour: float, count: int) -> None:
    verb = str(random.choice(["RCPT", "VRFY", "EXPN"], p=[0.5, 0.35, 0.15]))
    client = somebody(site, random, 0.25)
    ts = times(site, random, count, per_hour)
    packed = _PER_SESSION if per_hour > _FAST and random.random() < 0.7 else 1
    _ask(site, made, random, verb=verb, ts=ts, clients=client, packed=packed)
    tells = site.verifies and site.mx["software"][0] != "exchange"
    must = {"user-enumeration": MEDIUM}
    may = ["enumeration-oracle", "smtp-scan"] if tells or verb == "RCPT" else []
    made.events.append(
        event(kind, must, ts, clients=[client], servers=[site.mx["server"][0]], may=may, strength=per_hour)
    )


def enumeration(site: Site, made: Made, random: Random) -> None:
    """Ask for names, from one source, at any rate."""
    per_hour = log_uniform(random, 2, 2000)
    count = int(log_uniform(random, 15, 400))
    _harvest(site, made, random, kind="enumeration", per_hour=per_hour, count=count)


def slow_enumeration(site: Site, made: Made, random: Random) -> None:
    """Ask for one name an hour."""
    _harvest(site, made, random, kind="enumeration, one an hour", per_hour=1.0, count=40)


def distributed_enumeration(site: Site, made: Made, random: Random) -> None:
    """Ask for names from many sources, one to three each."""
    sources = outside(random, int(log_uniform(random, 20, 120)))
    clients = random.permutation(np.repeat(sources, 3)[: int(len(sources) * 2)])
    per_hour = log_uniform(random, 5, 300)
    ts = times(site, random, len(clients), per_hour)
    verb = str(random.choice(["RCPT", "VRFY"]))
    _ask(site, made, random, verb=verb, ts=ts, clients=clients[: len(ts)].tolist())
    made.events.append(
        event(
            "enumeration, distributed",
            {"user-enumeration": MEDIUM},
            ts,
            clients=clients.tolist(),
            servers=[site.mx["server"][0]],
            may=["enumeration-oracle"],
            strength=per_hour,
        )
    )


def ntlm_probe(site: Site, made: Made, random: Random) -> None:
    """Ask a server of some department for its NTLM challenge, and leave: nmap's smtp-ntlm-info."""
    address = f"10.20.0.{random.integers(100, 250)}"
    at = known_server(address, f"owa.{site.domain}", software="exchange", starttls=False, offers="NTLM")
    client, ts = one(site, random), times(site, random, int(random.integers(1, 4)), 1.0)
    made.add(Talk(ts, client, at, 587, helo="nmap.scanme.org")).login(None, None, "cancelled", "NTLM")
    made.events.append(event("NTLM probe", {"ntlm-names": LOW}, ts, servers=[address]))


def _scan(made: Made, random: Random, client: str, targets: list[str], ts: Times) -> None:
    ports = random.choice([25, 587, 465, 2525], len(ts), p=[0.8, 0.1, 0.07, 0.03])
    states = random.choice(["S0", "REJ", "SF", "RSTOS0"], len(ts), p=[0.5, 0.32, 0.08, 0.1])
    at = pl.DataFrame(
        [(target, f"h{n}.example", "postfix", False, "") for n, target in enumerate(targets)],
        schema=DIRECTORY,
        orient="row",
    )
    made.add(Talk(ts, client, at, ports, state=states, quit=False))


def scan_inside(site: Site, made: Made, random: Random) -> None:
    """Let a host of the site look for mail servers, inside or outside."""
    per_hour, count = log_uniform(random, 1, 5000), int(log_uniform(random, 20, 400))
    _look(site, made, random, kind="port scan from inside", per_hour=per_hour, count=count)


def slow_scan(site: Site, made: Made, random: Random) -> None:
    """The same, one address an hour."""
    _look(site, made, random, kind="port scan, one an hour", per_hour=1.0, count=48)


def _look(site: Site, made: Made, random: Random, *, kind: str, per_hour: float, count: int) -> None:
    client = site.victim()
    near = [f"10.20.{a}.{b}" for a, b in random.integers(1, 250, (count, 2)).tolist()]
    targets = near if random.random() < 0.6 else outside(random, count)
    ts = times(site, random, count, per_hour)
    _scan(made, random, client, targets[: len(ts)], ts)
    must, may = {"smtp-scan": MEDIUM}, ["new-direct-sender"]
    made.events.append(event(kind, must, ts, clients=[client], may=may, strength=per_hour))


def scan_outside(site: Site, made: Made, random: Random) -> None:
    """Let somebody outside look for the site's mail servers."""
    client, per_hour, count = one(site, random), log_uniform(random, 1, 5000), int(log_uniform(random, 20, 400))
    targets = [f"10.20.{a}.{b}" for a, b in random.integers(1, 250, (count, 2)).tolist()]
    ts = times(site, random, count, per_hour)
    _scan(made, random, client, targets[: len(ts)], ts)
    made.events.append(event("port scan from outside", {"smtp-scan": LOW}, ts, clients=[client], strength=per_hour))


def relay_probe(site: Site, made: Made, random: Random) -> None:
    """Try to send a mail from outside to outside through the site's server: in vain."""
    _probe(site, made, random, verdict="denied", severity=MEDIUM)


def open_relay(site: Site, made: Made, random: Random) -> None:
    """The same, and the server takes it."""
    _probe(site, made, random, verdict="ok", severity=CRITICAL)


def _probe(site: Site, made: Made, random: Random, *, verdict: str, severity: Severity) -> None:
    client, count = one(site, random), int(log_uniform(random, 3, 20))
    ts = np.sort(site.clock.span(random, 2) + random.integers(0, 3600 * SECOND, count))
    talk = made.add(Talk(ts, client, site.mx, 25, helo="WIN-CLJ1B0GQ6JP"))
    talk.mail(
        f"{words(random, 1)[0]}@gmail.example", [f"{word}@yahoo.example" for word in words(random, count)], verdict
    )
    kind = "relay probe, accepted" if verdict == "ok" else "relay probe, refused"
    made.events.append(
        event(
            kind,
            {"relay-probe": severity},
            ts,
            clients=[client],
            servers=[site.mx["server"][0]],
            may=["cleartext-mail"],
        )
    )


def oracle(site: Site, made: Made, random: Random) -> None:
    """Let a server of some department tell users from non-users, ask for passwords in clear, and somebody use it."""
    address = f"10.20.0.{random.integers(100, 250)}"
    software = str(random.choice(["postfix", "exim", "sendmail"]))
    at = known_server(address, f"dept.{site.domain}", software=software, starttls=False, offers="PLAIN LOGIN")
    daily = site.clock.draw(random, 3 * site.days, site.clock.weights(INTERNET))
    partners = site.world[site.partners(random, len(daily))]
    usual = made.add(Talk(daily, partners["server"], at, 25, helo=partners["name"]))
    usual.mail(addresses_of(random, partners["domain"]), random.choice(site.addresses[:9], len(daily)))
    client, verb = one(site, random), "VRFY" if random.random() < 0.7 else "EXPN"
    per_hour = log_uniform(random, 2, 500)
    ts = times(site, random, 30, per_hour)
    names, answers = _names(site, random, len(ts), 0.3)
    made.add(Talk(ts, client, at, 25, helo="x", esmtp=False, quit=False)).say(verb, names, answers)
    made.events.append(event("oracle", {"enumeration-oracle": LOW}, ts, servers=[address]))
    must = {"user-enumeration": MEDIUM}
    verdicts = event("enumeration of an oracle", must, ts, clients=[client], servers=[address], strength=per_hour)
    made.events.append(verdicts)
