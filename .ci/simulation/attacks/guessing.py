"""Passwords tried: fast, slow, by many, against one or against all; and one that was right."""

from __future__ import annotations

import numpy as np

from simulation.attacks._common import log_uniform, one, somebody, times
from simulation.benign.people import LOGIN_BYTES, REFUSAL_BYTES
from simulation.clock import SECOND, Times
from simulation.dialogue import Talk, Values
from simulation.made import Made
from simulation.seeds import Random
from simulation.site import Site, outside, passwords
from simulation.truth import CRITICAL, HIGH, LOW, MEDIUM, event

_ALSO = ("password-spray", "password-guessing")
_PER_SESSION = 3
_SHORT_SPRAY = 12


def _tries(
    site: Site, made: Made, random: Random, ts: Times, *, clients: Values, users: Values, secrets: Values
) -> str:
    """Try one login in each session; give the server's address."""
    at = site.submission if random.random() < 0.7 else site.mx
    port = 587 if at is site.submission else 25
    talk = made.add(Talk(ts, clients, at, port, helo="WIN-TEST", gap=300_000, quit=False))
    talk.login(users, secrets, "wrong", str(random.choice(["LOGIN", "PLAIN"])))
    return str(at["server"][0])


def guessing(site: Site, made: Made, random: Random) -> None:
    """Guess one account's password from one source, at any rate, several tries to a connection."""
    per_hour, count = log_uniform(random, 2, 3000), int(log_uniform(random, 12, 400))
    _guess(site, made, random, kind="guessing", per_hour=per_hour, count=count)


def slow_guessing(site: Site, made: Made, random: Random) -> None:
    """Guess one password an hour."""
    _guess(site, made, random, kind="guessing, one an hour", per_hour=1.0, count=40)


def _guess(site: Site, made: Made, random: Random, *, kind: str, per_hour: float, count: int) -> None:
    if not site.lenient:
        return
    client, user = somebody(site, random), site.account()
    ts = times(site, random, count, per_hour)
    packed = per_hour > 60
    first = ts[::_PER_SESSION] if packed else ts
    at = site.submission if random.random() < 0.7 else site.mx
    talk = made.add(Talk(first, client, at, 587 if at is site.submission else 25, helo="hydra", gap=SECOND, quit=False))
    rows = np.repeat(talk.all, _PER_SESSION)[: len(ts)] if packed else talk.all
    talk.login(user, passwords(random, len(rows)), "wrong", "LOGIN", rows)
    made.events.append(
        event(
            kind,
            {"password-guessing": MEDIUM},
            ts,
            clients=[client],
            servers=[at["server"][0]],
            accounts=[user],
            may=["starttls-declined"],
            strength=per_hour,
        )
    )


def one_account(site: Site, made: Made, random: Random) -> None:
    """Guess one account's password from many sources, a few tries each."""
    if not site.lenient:
        return
    user, per_hour = site.account(), log_uniform(random, 1, 100)
    sources = outside(random, int(log_uniform(random, 10, 80)))
    clients = random.permutation(np.repeat(sources, 3))[: max(25, len(sources))].tolist()
    ts = times(site, random, len(clients), per_hour)
    secrets = passwords(random, len(ts))
    server = _tries(site, made, random, ts, clients=clients[: len(ts)], users=user, secrets=secrets)
    must, kind = {"password-guessing": MEDIUM}, "guessing, one account by many"
    happened = event(kind, must, ts, clients=sources, servers=[server], accounts=[user], may=_ALSO, strength=per_hour)
    made.events.append(happened)


def site_wide(site: Site, made: Made, random: Random) -> None:
    """Guess many accounts' passwords from many sources: one try of each by each."""
    if not site.lenient:
        return
    sources = outside(random, int(log_uniform(random, 20, 120)))
    users = random.choice(site.people["account"].to_list(), len(sources)).tolist()
    per_hour = log_uniform(random, 2, 120)
    ts = times(site, random, len(sources), per_hour)
    tried, secrets = users[: len(ts)], passwords(random, len(ts))
    server = _tries(site, made, random, ts, clients=sources[: len(ts)], users=tried, secrets=secrets)
    must, kind = {"password-guessing": MEDIUM}, "guessing, many accounts by many"
    happened = event(kind, must, ts, clients=sources, servers=[server], accounts=users, may=_ALSO, strength=per_hour)
    made.events.append(happened)


def spray(site: Site, made: Made, random: Random) -> None:
    """Try the same few passwords on many accounts, from one source or from a group of neighbours."""
    if not site.lenient:
        return
    accounts = random.permutation(site.people["account"].to_list())[: int(log_uniform(random, 12, 120))].tolist()
    users = accounts * int(random.integers(1, 3))
    per_hour = log_uniform(random, 1, 500)
    ts = times(site, random, len(users), per_hour)
    first = one(site, random)
    group = [f"{first.rsplit('.', 1)[0]}.{n}" for n in range(1, int(random.integers(2, 6)))]
    clients, secrets = random.choice(group, len(ts)).tolist(), random.choice(["Autumn2026!", "Welcome1"], len(ts))
    server = _tries(site, made, random, ts, clients=clients, users=users[: len(ts)], secrets=secrets)
    must = {"password-spray": HIGH}
    happened = event(
        "spray", must, ts, clients=group, servers=[server], accounts=accounts, may=_ALSO, strength=per_hour
    )
    made.events.append(happened)


def shared_spray(site: Site, made: Made, random: Random) -> None:
    """Try one list from unrelated sources at once: one takes all of it, the others twelve tries each."""
    if not site.lenient:
        return
    accounts = random.permutation(site.people["account"].to_list())[: int(log_uniform(random, 15, 90))].tolist()
    first, *others = outside(random, int(random.integers(3, 6)))
    clients = [first] * len(accounts) + [other for other in others for _ in range(_SHORT_SPRAY)]
    users = accounts + [accounts[n // 2 % len(accounts)] for _ in others for n in range(_SHORT_SPRAY)]
    order = random.permutation(len(clients))
    ts = times(site, random, len(clients), log_uniform(random, 60, 600))
    order = order[: len(ts)]
    clients, users = [clients[n] for n in order], [users[n] for n in order]
    secrets = random.choice(["Autumn2026!", "Welcome1"], len(ts))
    server = _tries(site, made, random, ts, clients=clients, users=users, secrets=secrets)
    must, sources = {"password-spray": HIGH}, {first, *others}
    made.events.append(
        event("spray, one list by several", must, ts, clients=sources, servers=[server], accounts=accounts, may=_ALSO)
    )


def timing(site: Site, made: Made, random: Random) -> None:
    """Try a list of names at a server that hashes the passwords of accounts that exist, and of no others."""
    if not site.lenient:
        return
    client, count = one(site, random), int(random.integers(20, 45))
    real = random.permutation(site.people["account"].to_list())[:count].tolist()
    names = [*real, *(f"{name}x{n}" for n, name in enumerate(real))]
    order = random.permutation(len(names))
    ts = times(site, random, len(names), log_uniform(random, 60, 2000))
    order = order[: len(ts)]
    talk = made.add(Talk(ts, client, site.submission, 587, helo="probe", quit=False))
    verdicts = ["slow" if n < len(real) else "wrong" for n in order]
    talk.login([names[n] for n in order], passwords(random, len(ts)), verdicts, "PLAIN", initial=True)
    must, server, also = {"timing-oracle": LOW}, site.submission["server"][0], (*_ALSO, "user-enumeration")
    made.events.append(event("delays that tell accounts", must, ts, servers=[server]))
    made.events.append(
        event("names tried by their delays", {"password-spray": HIGH}, ts, clients=[client], servers=[server], may=also)
    )


def botnet(site: Site, made: Made, random: Random) -> None:
    """Guess from one loud host, and from others that speak as it does, a try or two each."""
    if not site.lenient:
        return
    loud, *quiet = outside(random, int(random.integers(4, 12)))
    clients = [loud] * 30 + quiet * 2
    ts, user = times(site, random, len(clients), log_uniform(random, 10, 300)), site.account()
    clients = random.permutation(clients)[: len(ts)].tolist()
    name = "_" * int(random.integers(3, 9)) + "#bot"
    talk = made.add(Talk(ts, clients, site.submission, 587, helo=name, quit=False))
    talk.login(user, passwords(random, len(ts)), "wrong", "LOGIN")
    server = site.submission["server"][0]
    may = [*_ALSO, "starttls-declined", "cleartext-credentials"]
    made.events.append(
        event("botnet, loud host", {"password-guessing": MEDIUM}, ts, clients=[loud], servers=[server], may=may)
    )
    must = {"bot-dialect": LOW}
    made.events.append(event("botnet, quiet hosts", must, ts, clients=quiet, servers=[server], may=may))


def unjudged(site: Site, made: Made, random: Random) -> None:
    """Guess while the server answers every login with a temporary failure."""
    client, user = one(site, random), site.account()
    ts = times(site, random, int(log_uniform(random, 12, 200)), log_uniform(random, 5, 1000))
    talk = made.add(Talk(ts, client, site.submission, 587, helo="hydra", quit=False))
    talk.login(user, passwords(random, len(ts)), "busy", "LOGIN")
    server = site.submission["server"][0]
    must, kind = {"password-guessing": LOW}, "guessing, not judged by the server"
    happened = event(kind, must, ts, clients=[client], servers=[server], accounts=[user], may=["starttls-declined"])
    made.events.append(happened)


def success(site: Site, made: Made, random: Random) -> None:
    """Guess until it is right."""
    if not site.lenient:
        return
    client, user, per_hour = somebody(site, random), site.account(), log_uniform(random, 1, 1000)
    ts = times(site, random, int(log_uniform(random, 12, 200)), per_hour)
    at = site.submission
    talk = made.add(Talk(ts, client, at, 587, helo="hydra", gap=SECOND, quit=False))
    talk.login(user, passwords(random, len(ts)), ["wrong"] * (len(ts) - 1) + ["ok"], "LOGIN")
    made.events.append(
        event(
            "guessing that succeeds",
            {"guess-then-success": CRITICAL, "password-guessing": MEDIUM},
            ts,
            clients=[client],
            servers=[at["server"][0]],
            accounts=[user],
            may=["starttls-declined", "cleartext-credentials"],
            strength=per_hour,
        )
    )


def inside_tls(site: Site, made: Made, random: Random) -> None:
    """Guess inside TLS: only the shape of the sessions tells."""
    client, per_hour = one(site, random), log_uniform(random, 5, 1000)
    ts = times(site, random, int(log_uniform(random, 40, 400)), per_hour)
    sent = LOGIN_BYTES + random.integers(0, 40, len(ts))
    made.add(
        Talk(
            ts,
            client,
            site.submission,
            587,
            helo="x",
            tls="starttls",
            sent=sent,
            got=REFUSAL_BYTES,
            seconds=0.5 + 2 * random.random(len(ts)),
        )
    )
    made.events.append(
        event(
            "guessing inside TLS",
            {"password-guessing": LOW},
            ts,
            clients=[client],
            servers=[site.submission["server"][0]],
            strength=per_hour,
        )
    )
