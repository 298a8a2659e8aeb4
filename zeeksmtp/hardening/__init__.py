"""What a file of this folder defines: a mail server's settings by weakness, or a firewall's rules against addresses.

A setting is a constant of this program; of what was logged it takes nothing but addresses that `ipaddress` has parsed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from zeeksmtp.model import Weakness
from zeeksmtp.registry import discover

SMTP_PORTS = "25, 465, 587"
PURPOSES: Mapping[Weakness, str] = {
    "auth-before-tls": "no AUTH before TLS",
    "address-disclosure": "no answer to VRFY and EXPN",
    "recipient-probing": "slow clients down that try many recipients",
    "password-guessing": "limit logins by client",
    "old-tls": "no TLS below 1.2",
    "attacker": "block these addresses",
}
"""What settings against each weakness achieve."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Lines for one place of a configuration, and the command that checks them before they take effect."""

    where: str
    lines: tuple[str, ...]
    check: str


@dataclass(frozen=True, slots=True)
class MailServer:
    """A kind of mail server: the pattern of its greeting, and what helps against each weakness, as far as it can."""

    name: str
    greeting: str
    recipes: Mapping[Weakness, Recipe]


@dataclass(frozen=True, slots=True)
class Firewall:
    """A packet filter. `rules` drop mail traffic from addresses; there is one at least."""

    name: str
    where: str
    check: str
    rules: Callable[[Sequence[IPv4Address], Sequence[IPv6Address]], Iterable[str]]


def mail_servers() -> Collection[MailServer]:
    """Return the mail servers of this folder, in the order of their files."""
    servers: Collection[MailServer] = discover(sys.modules[__name__], "SERVER").values()
    return servers
