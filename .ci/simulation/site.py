"""A site as it stands: networks, servers, people with their hosts and accounts, and the world outside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from ipaddress import ip_network

import numpy as np
import polars as pl

from simulation.clock import Clock
from simulation.dialogue import DIRECTORY
from simulation.names import FIRST, KINDS, LAST, WORDS
from simulation.replies import SOFTWARE
from simulation.seeds import Random, stream
from zeeksmtp.model import Context
from zeeksmtp.model import Site as SiteConfig

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC", "Australia/Sydney")

CLEAR = "PLAIN LOGIN"
_STRONG = "PLAIN LOGIN CRAM-MD5"


def outside(random: Random, count: int) -> list[str]:
    """Return addresses of the world outside: of 240.0.0.0/4, which is nobody's."""
    parts = random.integers(1, 255, (count, 3))
    return [
        f"{first}.{a}.{b}.{c}"
        for first, (a, b, c) in zip(random.integers(240, 255, count), parts.tolist(), strict=True)
    ]


def words(random: Random, count: int, letters: int = 8) -> list[str]:
    """Return random words: HELO names and local parts of bots, passwords."""
    drawn = random.integers(ord("a"), ord("z") + 1, (count, letters), dtype=np.uint8)
    return drawn.view(f"S{letters}").ravel().astype(str).tolist()


def passwords(random: Random, count: int) -> list[str]:
    """Return guesses as word lists have them: of 4 to 14 letters."""
    lengths = random.integers(4, 15, count).tolist()
    return [word[:length] for word, length in zip(words(random, count, 14), lengths, strict=True)]


def addresses_of(random: Random, domains: Iterable[str], letters: int = 6) -> list[str]:
    """Return made-up people of the given domains."""
    given = list(domains)
    return [f"{word}@{domain}" for word, domain in zip(words(random, len(given), letters), given, strict=True)]


@dataclass(frozen=True)
class Site:
    """Everything about a site that its seed decides."""

    seed: int
    hosts: int = 300
    days: int = 14
    traffic: float = 1.0
    net: str = "10.20.0.0/16"
    domain: str = "corp.example"
    outbreak: float | None = None
    """Day on which all attacks begin, within half an hour; `None`: spread over the days."""

    def random(self, *names: str | int) -> Random:
        """Return the stream of chance of one behaviour."""
        return stream(self.seed, *names)

    @cached_property
    def clock(self) -> Clock:
        """The simulated days: a Monday in autumn and what follows, with a holiday now and then."""
        random = self.random("clock")
        holidays = frozenset(random.integers(0, self.days, self.days // 14).tolist())
        return Clock(ZONES[random.integers(len(ZONES))], date(2026, 10, 5), self.days, holidays)

    @cached_property
    def lenient(self) -> bool:
        """The submission server takes passwords in clear."""
        return bool(self.random("lenient").random() < 0.6)

    @cached_property
    def verifies(self) -> bool:
        """The mail server answers VRFY and EXPN."""
        return bool(self.random("verifies").random() < 0.6)

    @cached_property
    def hashes(self) -> bool:
        """The Zeek package knows a site secret."""
        return bool(self.random("hashes").random() < 0.5)

    @cached_property
    def mx(self) -> pl.DataFrame:
        """The mail server: takes mail from outside, and delivers."""
        software = str(self.random("mx").choice(SOFTWARE, p=[0.5, 0.2, 0.2, 0.1]))
        return self._server("10.20.0.25", "mx", software, _STRONG if self.lenient else "")

    @cached_property
    def submission(self) -> pl.DataFrame:
        """The submission server."""
        return self._server("10.20.0.24", "smtp", "postfix", _STRONG if self.lenient else "")

    def _server(self, address: str, name: str, software: str, mechanisms: str) -> pl.DataFrame:
        return pl.DataFrame(
            [(address, f"{name}.{self.domain}", software, True, mechanisms)], schema=DIRECTORY, orient="row"
        )

    @cached_property
    def world(self) -> pl.DataFrame:
        """Mail servers outside, the best known first, with the domain that each is for."""
        random = self.random("world")
        count = 240
        domains = [f"{WORDS[i % 20]}{KINDS[(i * 7 + i // 20) % 20]}{i}.example" for i in range(count)]
        return pl.DataFrame(
            {
                "server": outside(random, count),
                "name": [f"mx1.{domain}" for domain in domains],
                "software": random.choice(SOFTWARE, count, p=[0.5, 0.2, 0.2, 0.1]).tolist(),
                "starttls": (random.random(count) < 0.85).tolist(),
                "mechanisms": [""] * count,
                "domain": domains,
            },
            schema={**DIRECTORY, "domain": pl.String},
        )

    def partners(self, random: Random, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Draw servers of `world`, the first most often."""
        weights = 1 / np.arange(1, len(self.world) + 1) ** 1.1
        return random.choice(len(self.world), count, p=weights / weights.sum())

    @cached_property
    def providers(self) -> pl.DataFrame:
        """Submission servers outside, of mail providers."""
        rows = [
            (f"250.1.{n}.10", f"smtp.provider{n}.example", "postfix", True, "PLAIN LOGIN XOAUTH2") for n in range(1, 7)
        ]
        return pl.DataFrame(rows, schema=DIRECTORY, orient="row")

    @cached_property
    def people(self) -> pl.DataFrame:
        """Who works here: host, account, mails a working day (heavy-tailed), and how they submit."""
        random = self.random("people")
        count = self.hosts
        names = [f"{FIRST[n % 30]}.{LAST[(n * 7 + n // 30) % 44]}{'' if n < 1320 else n}" for n in range(count)]
        rates = np.minimum(random.lognormal(np.log(4.0), 0.9, count), 100) * self.traffic
        ways = random.choice(["starttls", "implicit", "outside", "legacy"], count, p=[0.62, 0.28, 0.07, 0.03])
        return pl.DataFrame(
            {
                "host": [f"10.20.{1 + n // 250}.{1 + n % 250}" for n in range(count)],
                "account": names,
                "rate": rates,
                "way": ways.tolist(),
            }
        )

    @cached_property
    def addresses(self) -> list[str]:
        """Mail addresses that exist here."""
        return [f"{name}@{self.domain}" for name in self.people["account"]]

    @cached_property
    def _free(self) -> list[str]:
        ordinary = self.people.filter(pl.col("way").is_in(["starttls", "implicit"]))["host"].to_list()
        self.random("free").shuffle(ordinary)
        return ordinary

    def victim(self) -> str:
        """Return an ordinary workstation that nothing else has befallen."""
        return self._free.pop()

    @cached_property
    def _accounts(self) -> list[str]:
        names = self.people["account"].to_list()
        self.random("accounts").shuffle(names)
        return names

    def account(self) -> str:
        """Return an account that nothing else has befallen."""
        return self._accounts.pop()

    @cached_property
    def _idle(self) -> list[str]:
        return [f"{name}.archive" for name in reversed(LAST)]

    def idle_account(self) -> str:
        """Return an account that nobody uses, and that nothing else has befallen."""
        return self._idle.pop()

    @cached_property
    def roles(self) -> tuple[tuple[str, str], ...]:
        """What config says: half of the operators have named their vulnerability scanner."""
        return (("10.20.0.60", "scanner"),) if self.random("roles").random() < 0.5 else ()

    @property
    def context(self) -> Context:
        """Settings of a run over this site, everything else at its default."""
        return Context(SiteConfig((ip_network(self.net),), self.clock.zone, self.roles))
