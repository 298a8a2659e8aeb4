"""What goes by in clear, and who sees to it that it does."""

from __future__ import annotations

import polars as pl

from simulation.attacks._common import log_uniform, one, times
from simulation.clock import OFFICE, Times
from simulation.dialogue import Talk, known_server
from simulation.made import Made
from simulation.seeds import Random
from simulation.site import Site, addresses_of, outside, words
from simulation.truth import CRITICAL, HIGH, LOW, MEDIUM, Event, event
from zeeksmtp.model import Severity


def _abroad(random: Random, mechanisms: str, *, starttls: bool) -> pl.DataFrame:
    """Return a submission server outside that asks for passwords in clear."""
    return known_server(outside(random, 1)[0], "smtp.hoster.example", starttls=starttls, offers=mechanisms)


def _uses(site: Site, random: Random) -> tuple[str, str, Times]:
    """Return a host, its account outside, and when it is used."""
    count = int(log_uniform(random, 1, 60))
    return (
        site.victim(),
        f"{words(random, 1)[0]}@hoster.example",
        site.clock.draw(random, count, site.clock.weights(OFFICE)),
    )


def _friends(site: Site, random: Random, count: int) -> list[str]:
    """Return whom a private mail goes to: one of few friends."""
    known = addresses_of(random, site.world["domain"][site.partners(random, int(random.integers(1, 11)))])
    chosen: list[str] = random.choice(known, count).tolist()
    return chosen


def password_abroad(site: Site, made: Made, random: Random) -> None:
    """Log in in clear at a server outside, which takes the password or refuses it."""
    host, user, ts = _uses(site, random)
    accepted, at = random.random() < 0.7, _abroad(random, "PLAIN LOGIN", starttls=False)
    talk = made.add(Talk(ts, host, at, 587, helo=f"[{host}]"))
    talk.login(user, words(random, 1)[0], "ok" if accepted else "wrong", "PLAIN")
    if accepted:
        talk.mail(user, _friends(site, random, len(ts)))
    severity, kind = CRITICAL if accepted else HIGH, "password in clear over the boundary"
    kind = kind if accepted else f"{kind}, refused"
    made.events.append(_told(kind, {"cleartext-credentials": severity}, ts, talk, user))


def _told(kind: str, must: dict[str, Severity], ts: Times, talk: Talk, user: str) -> Event:
    """Return the event of sessions of one host and account with one server."""
    ends = talk.sessions.row(0, named=True)
    return event(
        kind,
        must,
        ts,
        clients=[ends["client"]],
        servers=[ends["server"]],
        accounts=[user],
        may=["starttls-declined", "cleartext-mail", "stale-password"],
        malicious=False,
    )


def token(site: Site, made: Made, random: Random) -> None:
    """Show a bearer token in clear."""
    host, user, ts = _uses(site, random)
    at = _abroad(random, "XOAUTH2 OAUTHBEARER", starttls=False)
    talk = made.add(Talk(ts, host, at, 587, helo=f"[{host}]"))
    talk.login(user, words(random, 1, 30)[0], "ok", str(random.choice(["XOAUTH2", "OAUTHBEARER"])))
    talk.mail(user, _friends(site, random, len(ts)))
    made.events.append(_told("token in clear", {"cleartext-token": HIGH}, ts, talk, user))


def challenge(site: Site, made: Made, random: Random) -> None:
    """Answer a challenge in clear, which can be tried against a word list."""
    host, user, ts = _uses(site, random)
    mechanism = str(random.choice(["CRAM-MD5", "DIGEST-MD5", "NTLM", "SCRAM-SHA-256"]))
    at = _abroad(random, mechanism, starttls=False)
    talk = made.add(Talk(ts, host, at, 587, helo=f"[{host}]")).login(user, None, "ok", mechanism)
    talk.mail(user, _friends(site, random, len(ts)))
    severity = LOW if mechanism.startswith("SCRAM") else HIGH
    made.events.append(_told(f"{mechanism} in clear", {"crackable-auth": severity}, ts, talk, user))


def declined(site: Site, made: Made, random: Random) -> None:
    """Go on in clear though STARTTLS was offered."""
    host, user, ts = _uses(site, random)
    at = _abroad(random, "PLAIN LOGIN", starttls=True)
    talk = made.add(Talk(ts, host, at, 587, helo=f"[{host}]"))
    talk.login(user, words(random, 1)[0], "ok", "LOGIN").mail(user, _friends(site, random, len(ts)))
    made.events.append(
        event(
            "STARTTLS declined",
            {"cleartext-credentials": CRITICAL},
            ts,
            clients=[host],
            servers=[at["server"][0]],
            accounts=[user],
            may=["cleartext-mail"],
            malicious=False,
        )
    )


def stripped(site: Site, made: Made, random: Random) -> None:
    """Hide STARTTLS between a client and a server that offers it to others."""
    host, ts = site.victim(), site.clock.draw(random, int(log_uniform(random, 2, 40)), site.clock.weights(OFFICE))
    at = site.providers[[int(random.integers(len(site.providers)))]]
    how = str(random.choice(["masked", "missing", "refused"]))
    offers = at if how != "missing" else at.with_columns(pl.lit(value=False).alias("starttls"))
    tls = "refused" if how == "refused" else "no"
    talk = made.add(Talk(ts, host, offers, 587, helo=f"[{host}]", masked=how == "masked", tls=tls))
    must, kind, users = {"starttls-stripped": HIGH}, f"STARTTLS stripped: {how}", []
    if random.random() < 0.5:  # programs that use TLS if they can go on without
        users = [f"{words(random, 1)[0]}@{at['name'][0].split('.', 1)[1]}"]
        talk.login(users[0], words(random, 1)[0]).mail(users[0], _friends(site, random, len(ts)))
        must, kind = {**must, "cleartext-credentials": CRITICAL}, f"{kind}, mail in clear"
    made.events.append(
        event(
            kind,
            must,
            ts,
            clients=[host],
            servers=[at["server"][0]],
            accounts=users,
            may=["cleartext-mail", "starttls-declined"],
            malicious=False,
        )
    )


def reuse(site: Site, made: Made, random: Random) -> None:
    """Use one password for two accounts, where the Zeek package can tell."""
    if not (site.lenient and site.hashes):
        return
    host, secret, users = site.victim(), words(random, 1, 11)[0], [site.account(), site.account()]
    ts = site.clock.draw(random, 8, site.clock.weights(OFFICE))
    for n, user in enumerate(users):
        talk = made.add(Talk(ts[n::2], host, site.submission, 587, helo=f"[{host}]"))
        talk.login(user, secret, "ok", "PLAIN").mail(f"{user}@{site.domain}", site.addresses[0])
    made.events.append(
        event(
            "one password, two accounts",
            {"password-reuse": MEDIUM},
            ts,
            accounts=users,
            clients=[host],
            malicious=False,
            may=["cleartext-credentials", "starttls-declined"],
        )
    )


def clear_partner(site: Site, made: Made, random: Random) -> None:
    """Let a partner that used TLS go on in clear."""
    client, count = one(site, random), int(log_uniform(random, 4, 60))
    ts = times(site, random, count, 2.0)
    half = len(ts) // 2
    for part, tls in ((ts[:half], "starttls"), (ts[half:], "no")):
        made.add(Talk(part, client, site.mx, 25, helo="mail.partner.example", tls=tls, sent=4000)).mail(
            "a@partner.example", site.addresses[0]
        )
    made.events.append(
        event(
            "pair that used TLS",
            {"tls-downgrade": LOW},
            ts[half:],
            clients=[client],
            servers=[site.mx["server"][0]],
            may=["starttls-declined"],
            malicious=False,
        )
    )
