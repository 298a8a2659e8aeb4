"""People at their desks: submission inside TLS, a heavy tail of volumes, mistyped passwords, old clients in clear."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulation.clock import DAY, HOUR, OFFICE, SECOND, Times
from simulation.dialogue import Talk
from simulation.made import Made
from simulation.seeds import Random
from simulation.site import Site, addresses_of, outside, words
from simulation.truth import HIGH, LOW, MEDIUM, event

Sizes = NDArray[np.float64]

_PORT = {"starttls": 587, "implicit": 465}
LOGIN_BYTES, REFUSAL_BYTES = 50, 90  # a login of two short words inside TLS, and the reply that refuses it
_MAIL_BYTES, _MAIL_REPLIES = 230, 270  # login, sender, recipient and DATA inside TLS, and their replies

_MIN_ABROAD = 10  # sessions, as the sequential test needs six


def people(site: Site, made: Made) -> None:
    """Let everybody send mail in working hours, in bursts, with days off; and mistype a password now and then."""
    random = site.random("people at work")
    ts, who = _sent(site, random)
    known = site.people[who]
    for way in ("starttls", "implicit"):
        mine = (known["way"] == way).to_numpy()
        hosts, at = known["host"].filter(pl.Series(mine)), ts[mine]
        made.add(
            mailed(
                site.submission,
                at,
                hosts,
                way=way,
                size=random.lognormal(8.5, 1.6, len(at)).clip(400, 3e7),
                random=random,
            )
        )
        typo = random.random(len(at)) < 0.004
        for back in (40 * SECOND, 20 * SECOND):  # two wrong tries before the right one
            made.add(refused(site.submission, at[typo] - back, hosts.filter(pl.Series(typo)), way=way, random=random))
    abroad = (known["way"] == "outside").to_numpy()
    provider = random.integers(0, len(site.providers), len(site.people))[who[abroad]]
    sizes = random.lognormal(8.5, 1.6, int(abroad.sum())).clip(400, 3e7)
    made.add(
        mailed(
            site.providers[provider],
            ts[abroad],
            known["host"].filter(pl.Series(abroad)),
            way="starttls",
            size=sizes,
            random=random,
        )
    )


def _sent(site: Site, random: Random) -> tuple[Times, Times]:
    """Return who (row of `people`) sends when."""
    rates = site.people["rate"].to_numpy()
    works = sum(site.clock.works(day) for day in range(site.days)) + 0.06 * site.days
    counts = random.poisson(rates * works * random.gamma(4, 0.25, len(rates)))
    who = np.repeat(np.arange(len(rates)), counts)
    ts = site.clock.draw(random, len(who), site.clock.weights(OFFICE))
    random.shuffle(who)
    again = random.random(len(who)) < 0.25  # answers come in bursts
    more = ts[again] + random.exponential(90 * SECOND, int(again.sum())).astype(np.int64)
    ts, who = np.concatenate([ts, more]), np.concatenate([who, who[again]])
    away = np.where(random.random(len(rates)) < 0.15, random.integers(0, site.days, len(rates)), site.days)
    day = (ts - site.clock.start) // DAY
    kept = (day < away[who]) | (day > away[who] + 4)
    return ts[kept], who[kept]


def mailed(at: pl.DataFrame, ts: Times, hosts: pl.Series, *, way: str, size: Sizes, random: Random) -> Talk:
    """Return sessions that log in inside TLS and send a mail of a size."""
    names = pl.select(pl.format("[{}]", hosts)).to_series()
    lasts = random.gamma(2, 0.4, len(ts)) + size / 2e6
    ends = _ends(random, len(ts))
    return Talk(
        ts,
        hosts,
        at,
        _PORT[way],
        helo=names,
        tls=way,
        sent=(_MAIL_BYTES + size).astype(np.int64),
        got=_MAIL_REPLIES,
        seconds=lasts,
        state=ends,
    )


def refused(at: pl.DataFrame, ts: Times, hosts: pl.Series, *, way: str, random: Random) -> Talk:
    """Return sessions whose login is refused inside TLS."""
    names = pl.select(pl.format("[{}]", hosts)).to_series()
    sent = LOGIN_BYTES + random.integers(0, 40, len(ts))
    lasts, ends = 0.5 + 2 * random.random(len(ts)), _ends(random, len(ts))
    return Talk(ts, hosts, at, _PORT[way], helo=names, tls=way, sent=sent, got=REFUSAL_BYTES, seconds=lasts, state=ends)


def _ends(random: Random, count: int) -> list[str]:
    """Draw how sessions inside TLS end: as recorded, most by a reset after the closing alert."""
    drawn: list[str] = random.choice(["SF", "RSTO", "RSTR"], count, p=[0.3, 0.45, 0.25]).tolist()
    return drawn


def legacy(site: Site, made: Made) -> None:
    """Let old clients log in in clear: accepted by a lenient server, refused (but exposed) by another."""
    random = site.random("legacy")
    old = site.people.filter(pl.col("way") == "legacy").rows(named=True)
    for person in old:
        count = max(3, int(random.poisson(person["rate"] * site.days * 5 / 7)))
        ts = site.clock.draw(random, count, site.clock.weights(OFFICE))
        user = person["account"] if random.random() < 0.5 else f"{person['account']}@{site.domain}"
        _in_clear(site, made, random, host=person["host"], user=user, ts=ts)


def _in_clear(site: Site, made: Made, random: Random, *, host: str, user: str, ts: Times) -> None:
    mechanism = str(random.choice(["PLAIN", "LOGIN"]))
    talk = made.add(Talk(ts, host, site.submission, 587, helo=f"[{host}]"))
    secret = words(random, 1, 10)[0]
    server = site.submission["server"][0]
    verdict = "ok" if site.lenient else "needs_tls"
    typed = random.choice(
        talk.all, int(random.integers(0, 3)), replace=False
    )  # programs store passwords: people rarely type
    wrong = np.repeat(np.sort(typed), 2) if site.lenient else talk.all[:0]
    talk.login(user, [f"{secret}{n}" for n in range(len(wrong))], "wrong", mechanism, wrong)
    talk.login(user, secret, verdict, mechanism, initial=mechanism == "PLAIN")
    if site.lenient:
        talk.mail(
            user if "@" in user else f"{user}@{site.domain}", random.choice(_correspondents(site, random), len(ts))
        )
    must = {"cleartext-credentials": HIGH if site.lenient else MEDIUM}
    made.events.append(
        event(
            "old client in clear" if site.lenient else "old client in clear, refused",
            must,
            ts,
            clients=[host],
            servers=[server],
            accounts=[user],
            may=["starttls-declined"],
            malicious=False,
        )
    )


def _correspondents(site: Site, random: Random) -> list[str]:
    few = random.integers(0, len(site.addresses), 12)
    abroad = addresses_of(random, site.world["domain"][site.partners(random, 12)])
    return [*(site.addresses[int(n)] for n in few), *abroad]


def stale(site: Site, made: Made) -> None:
    """Let phones and printers try an old password at regular intervals: in clear, and inside TLS."""
    random = site.random("stale")
    for n in range(14):
        host, user = f"10.20.3.{10 + n}", site.people["account"][int(random.integers(site.hosts))]
        minutes = float(np.exp(random.uniform(np.log(5), np.log(180))))
        start = site.clock.at(random.uniform(0, site.days * 0.6))
        ts = site.clock.every(random, minutes * 60, 0.02)
        ts = ts[(ts > start) & (ts < start + random.uniform(1, 5) * DAY)]
        if len(ts) < 4:
            continue
        if n % 2 and site.lenient:
            made.add(Talk(ts, host, site.submission, 587, helo="phone")).login(
                user, words(random, 1, 9)[0], "wrong", "PLAIN"
            )
            made.events.append(
                event(
                    "device with an old password",
                    {"stale-password": LOW, "cleartext-credentials": MEDIUM},
                    ts,
                    clients=[host],
                    servers=[site.submission["server"][0]],
                    accounts=[user],
                    may=["starttls-declined"],
                    malicious=False,
                )
            )
        else:
            made.add(
                refused(
                    site.submission,
                    ts,
                    pl.repeat(host, len(ts), dtype=pl.String, eager=True),
                    way="starttls",
                    random=random,
                )
            )


def stale_abroad(site: Site, made: Made) -> None:
    """Let phones outside the site try an old password inside TLS: by the clock, each session of one size."""
    random = site.random("stale abroad")
    for client in outside(random, 3):
        minutes = float(np.exp(random.uniform(np.log(5), np.log(120))))
        ts = site.clock.every(random, minutes * 60, 0.05)
        ts = ts[ts > site.clock.at(random.uniform(0, site.days * 0.6))][: int(random.integers(12, 200))]
        if len(ts) < _MIN_ABROAD:
            continue
        sent = LOGIN_BYTES + int(random.integers(0, 40))
        talk = Talk(ts, client, site.submission, 587, helo="phone", tls="starttls", sent=sent, got=REFUSAL_BYTES)
        made.add(talk)
        server = site.submission["server"][0]
        must, kind = {"stale-password": LOW}, "device with an old password, inside TLS"
        made.events.append(event(kind, must, ts, clients=[client], servers=[server], malicious=False))


def administrators(site: Site, made: Made) -> None:
    """Let an administrator look up a few addresses by VRFY."""
    random = site.random("administrators")
    for host in site.people["host"][:2]:
        ts = site.clock.draw(random, 2, site.clock.weights(OFFICE))
        talk = made.add(Talk(ts, host, site.mx, 25, helo="admin", esmtp=False, gap=9 * SECOND))
        for name in random.choice(site.people["account"].to_list(), 2):
            talk.say("VRFY", name, "known" if site.verifies else "off")
        talk.say("VRFY", "info", "unknown" if site.verifies else "off", talk.all[:1])


def migration(site: Site, made: Made) -> None:
    """Move mailboxes: a burst of old mail of many senders to few recipients, one evening."""
    random = site.random("migration")
    start = site.clock.at(random.uniform(1, site.days - 2))
    count = int(1200 * site.traffic)
    ts = start + np.sort(random.integers(0, 5 * HOUR, count))
    senders = addresses_of(random, site.world["domain"][site.partners(random, count)])
    boxes = random.choice(site.addresses, 20)
    made.add(
        Talk(ts, "10.20.0.70", site.mx, 25, helo="migrate", sent=random.lognormal(9, 1.3, count).astype(np.int64))
    ).mail(senders, random.choice(boxes, count))
