"""Mail between servers: from partners and strangers, out to the world; lists, forwarders, newsletters, greylisting."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulation.clock import DAY, HOUR, INTERNET, OFFICE, SECOND, Times
from simulation.conn import BODY_BYTES
from simulation.dialogue import Rows, Talk, copies, known_server
from simulation.made import Made
from simulation.seeds import Random
from simulation.site import Site, addresses_of, outside, words

NEWSLETTER = "10.20.0.40"
LIST = "10.20.0.41"
_MORE = 0.04  # of sessions carry another mail


def verdicts(random: Random, count: int, unknown: float, policy: float = 0.005, full: float = 0.004) -> list[str]:
    """Draw how recipients are answered."""
    rest = 1 - unknown - policy - full
    drawn: list[str] = random.choice(
        ["ok", "unknown", "policy", "full"], count, p=[rest, unknown, policy, full]
    ).tolist()
    return drawn


def inbound(site: Site, made: Made) -> None:
    """Take mail from partners' servers, and from strangers, of whom some ask for people who left."""
    random = site.random("inbound")
    count = random.poisson(2.2 * site.hosts * site.days * site.traffic)
    ts = site.clock.draw(random, count, site.clock.weights(INTERNET, idle=0.35))
    who = site.partners(random, count)
    secret = random.random(count) < np.where(site.world["starttls"].to_numpy()[who], 0.93, 0.05)
    partners = site.world[who].select("server", "name", "domain")
    _arrive(site, made, random, ts=ts, hosts=partners, secret=secret, dead=0.015)
    count = random.poisson(0.25 * site.hosts * site.days * site.traffic)
    at = site.clock.draw(random, count, site.clock.weights(INTERNET, idle=0.5))
    domains = [f"{word}.example" for word in words(random, count, 7)]
    strangers = pl.DataFrame(
        {"server": outside(random, count), "name": [f"out.{d}" for d in domains], "domain": domains}
    )
    _arrive(site, made, random, ts=at, hosts=strangers, secret=random.random(count) < 0.6, dead=0.06)


def pipeliners(site: Site, made: Made) -> None:
    """Let two partners send one mail behind the other without waiting, as RFC 2920 allows; each declares its size."""
    random = site.random("pipeliners")
    for row in site.world[site.partners(random, 2)].iter_rows(named=True):
        ts = site.clock.draw(random, 6 * site.days, site.clock.weights(INTERNET))
        talk = made.add(Talk(ts, row["server"], site.mx, 25, helo=row["name"], pipelining=True))
        sender, people = f"news@{row['domain']} SIZE={BODY_BYTES + 20}", random.choice(site.addresses, (2, len(ts)))
        talk.mail(sender, people[0])
        talk.say("MAIL", sender, "early").say("RCPT", people[1], "early").say("DATA", None, "early")


def _arrive(
    site: Site, made: Made, random: Random, *, ts: Times, hosts: pl.DataFrame, secret: NDArray[np.bool_], dead: float
) -> None:
    """Let mails arrive, one from each of `hosts`; a tenth is greylisted first."""
    rates = site.people["rate"].to_numpy()
    people = pl.Series(random.choice(site.addresses, len(ts), p=rates / rates.sum()).tolist(), dtype=pl.String)
    answers = pl.Series(verdicts(random, len(ts), dead), dtype=pl.String)
    addressed = pl.select(
        pl.when(answers == "unknown").then(pl.format("gone.{}", people)).otherwise(people)
    ).to_series()
    senders = pl.Series(addresses_of(random, hosts["domain"]), dtype=pl.String)
    grey = pl.Series(random.random(len(ts)) < 0.1) & (answers == "ok")
    earlier = ts[grey.to_numpy()] - random.integers(300, 900, int(grey.sum())) * SECOND
    first = Talk(earlier, hosts["server"].filter(grey), site.mx, 25, helo=hosts["name"].filter(grey))
    made.add(first).mail(senders.filter(grey), addressed.filter(grey), "greylisted")
    broken = random.random(len(ts)) < 0.004  # 220 to STARTTLS, then no handshake
    tls = np.where(secret & broken, "failed", np.where(secret, "starttls", "no"))
    size = random.lognormal(9.3, 1.5, len(ts)).clip(800, 3e7).astype(np.int64)
    pipelining = hosts["name"].hash(1) % 2 == 0
    talk = Talk(ts, hosts["server"], site.mx, 25, helo=hosts["name"], tls=tls, sent=size, pipelining=pipelining)
    made.add(talk)
    talk.mail(senders, addressed, answers, also=copies(random, len(ts), 0.15, 30))
    known = pl.Series(random.choice(site.addresses, len(ts)).tolist(), dtype=pl.String)
    _more_mails(talk, random, senders, known)


def _more_mails(talk: Talk, random: Random, senders: pl.Series, to: pl.Series) -> None:
    """Send one or two mails more in some sessions, as servers do that hold several for one another."""
    for _ in range(2):
        rows = np.flatnonzero(random.random(len(talk)) < _MORE)
        people = [name if "@" in name else f"team@{name}" for name in to[rows]]
        talk.mail(senders[rows], people, sess=rows)


def outbound(site: Site, made: Made) -> None:
    """Deliver what people wrote, with bounces, greylisting, answers of those out of office, and forwarded mail."""
    random = site.random("outbound")
    rates = site.people["rate"].to_numpy()
    count = random.poisson(float(rates.sum()) * 0.45 * site.days * 5 / 7)
    ts = site.clock.draw(random, count, site.clock.weights(OFFICE))
    senders = random.choice(site.addresses, count, p=rates / rates.sum()).tolist()
    deliver(site, made, random, relay=site.mx, ts=ts, to=site.partners(random, count), senders=senders)
    back = [day for day in range(site.days) if site.clock.works(day) and random.random() < 0.15]
    for day in back:  # the answering machine speaks when others are back
        some = site.clock.midnight(day) + 9 * HOUR + np.sort(random.integers(0, 2 * HOUR, int(90 * site.traffic)))
        to = site.partners(random, len(some))
        deliver(site, made, random, relay=site.mx, ts=some, to=to, senders=[""] * len(some), dead=0.1)
    count = random.poisson(30 * site.days * site.traffic)
    at = site.clock.draw(random, count, site.clock.weights(INTERNET, idle=0.4))
    origin = addresses_of(random, site.world["domain"][site.partners(random, count)])
    to = random.integers(0, 4, count)
    deliver(site, made, random, relay=site.mx, ts=at, to=to, senders=origin, dead=0.005)


def deliver(
    site: Site,
    made: Made,
    random: Random,
    *,
    relay: pl.DataFrame,
    ts: Times,
    to: Rows,
    senders: list[str],
    dead: float = 0.02,
) -> None:
    """Deliver mails from one of the site's servers to servers of the world; what is greylisted comes again."""
    at = site.world[to]
    host, name = relay["server"][0], relay["name"][0]
    people = pl.Series(addresses_of(random, at["domain"]), dtype=pl.String)
    answers = verdicts(random, len(ts), dead)
    tls = pl.Series(np.where(at["starttls"].to_numpy(), "starttls", "no"))
    size = random.lognormal(9, 1.5, len(ts)).clip(500, 3e7).astype(np.int64)
    made.looked_up(ts, host, at["domain"])
    talk = made.add(Talk(ts, host, at.drop("domain"), 25, helo=name, tls=tls, sent=size, pipelining=True))
    talk.mail(senders, people, answers, also=copies(random, len(ts), 0.15, 30))
    _more_mails(talk, random, pl.Series(senders, dtype=pl.String), at["domain"])
    grey = pl.Series((random.random(len(ts)) < 0.05) & (np.array(answers) == "ok"))
    before = ts[grey.to_numpy()] - 600 * SECOND
    to_grey = at.filter(grey).drop("domain")
    first = made.add(Talk(before, host, to_grey, 25, helo=name, tls=tls.filter(grey), pipelining=True))
    first.mail(pl.Series(senders, dtype=pl.String).filter(grey), people.filter(grey), "greylisted")


def newsletter(site: Site, made: Made) -> None:
    """Send a campaign twice a week from a host of its own, and confirmations every day."""
    random = site.random("newsletter")
    host = known_server(NEWSLETTER, f"news.{site.domain}")
    daily = site.clock.draw(random, 40 * site.days, site.clock.weights(INTERNET, idle=0.5))
    senders = [f"noreply@{site.domain}"] * len(daily)
    deliver(site, made, random, relay=host, ts=daily, to=site.partners(random, len(daily)), senders=senders)
    for day in range(site.days):
        if (site.clock.first.toordinal() + day) % 7 in {2, 4}:
            count = int(random.integers(400, 1200) * site.traffic)
            ts = site.clock.midnight(day) + 10 * HOUR + np.sort(random.integers(0, 2 * HOUR, count))
            to = random.integers(0, len(site.world), count)
            deliver(site, made, random, relay=host, ts=ts, to=to, senders=[f"news@{site.domain}"] * count, dead=0.03)


def mailing_list(site: Site, made: Made) -> None:
    """Spread what members write to a list with dead addresses."""
    random = site.random("list")
    host = known_server(LIST, f"lists.{site.domain}")
    for at in site.clock.draw(random, int(2.5 * site.days), site.clock.weights(OFFICE, idle=0.4)):
        members = random.permutation(len(site.world))[:60]
        ts = at + np.sort(random.integers(0, 240 * SECOND, len(members)))
        senders = [f"talk-bounces@{site.domain}"] * len(ts)
        deliver(site, made, random, relay=host, ts=ts, to=members, senders=senders, dead=0.08)


def application(site: Site, made: Made) -> None:
    """Let an application deliver its nightly report to three servers by itself."""
    random = site.random("application")
    host = known_server("10.20.0.80", f"app.{site.domain}")
    nights = site.clock.start + np.arange(site.days) * DAY + 4 * HOUR
    ts = np.sort(np.concatenate([nights, nights + 20 * SECOND, nights + 40 * SECOND]))
    to = np.tile([5, 9, 17], site.days)
    deliver(site, made, random, relay=host, ts=ts, to=to, senders=[f"app@{site.domain}"] * len(ts), dead=0.0)
