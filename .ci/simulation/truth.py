"""What really happened: events that must be found, and who may be named for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from simulation.clock import moment
from zeeksmtp.model import Severity

INFO, LOW, MEDIUM, HIGH, CRITICAL = Severity
_LOWER = {CRITICAL: HIGH, HIGH: MEDIUM, MEDIUM: LOW, LOW: LOW, INFO: INFO}

WIRE: Final = frozenset(
    {
        "cleartext-credentials",
        "cleartext-token",
        "crackable-auth",
        "password-reuse",
        "auth-offered-in-clear",
        "starttls-declined",
        "starttls-stripped",
        "cleartext-mail",
        "tls-downgrade",
        "enumeration-oracle",
        "ntlm-names",
        "blocklisted-sender",
        "relay-probe",
        "smtp-exploit",
        "smtp-smuggling",
        "starttls-injection",
    }
)
"""Detectors of facts on the wire; all others decide by statistics."""

_CREDENTIALS = frozenset({"cleartext-credentials", "cleartext-token", "crackable-auth"})
_TRIES = frozenset({"password-guessing", "password-spray", "guess-then-success", "user-enumeration", "relay-probe"})
_SENDING = frozenset({"new-direct-sender", "mass-mailing", "blocklisted-sender", "account-abuse"})
INFERRED: Mapping[str, frozenset[str]] = {
    "cleartext-submission": _CREDENTIALS,
    "smtp-probing": _TRIES,
    "identity-churn": _SENDING,
}
"""Detectors that infer from stock logs what others observe: they may name what any of those may name."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened.

    Attributes:
        kind: The name of the attack or misconfiguration.
        must: Detectors each of which must find it, and the least severity at which that counts.
        may: Detectors that may name it too without being wrong.
        clients: Addresses that did it.
        servers: Servers it was done to, or by way of; none: any.
        accounts: Accounts it concerns, as logged; none: any.
        start: Its first moment (UTC).
        end: Its last moment.
        strength: What it does per hour.
        malicious: Its clients are no innocent hosts: they count in no false alarm rate.
    """

    kind: str
    must: Mapping[str, Severity]
    may: frozenset[str] = frozenset()
    clients: frozenset[str] = frozenset()
    servers: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    start: datetime
    end: datetime
    strength: float = 0.0
    malicious: bool = True

    def inferred(self) -> Event:
        """Return the event as stock logs demand it: what is inferred is one step of severity lower."""
        return replace(self, must={name: _LOWER[severity] for name, severity in self.must.items()})

    def described(self) -> str:
        """Return who, when and how strong, for lists of what was missed."""
        who = ", ".join(sorted(self.clients)[:3] or sorted(self.servers))
        span = f"{self.start:%m-%d %H:%M} to {self.end:%m-%d %H:%M}"
        return f"{self.kind}, {who}, {span}, {self.strength:.1f}/h"


def event(
    kind: str,
    must: Mapping[str, Severity],
    times: Iterable[int],
    *,
    clients: Iterable[str] = (),
    servers: Iterable[str] = (),
    accounts: Iterable[str] = (),
    may: Iterable[str] = (),
    strength: float = 0.0,
    malicious: bool = True,
) -> Event:
    """Make an event of the moments (µs) at which it showed."""
    moments = [int(at) for at in times]
    allowed = frozenset(may) | frozenset(must)
    allowed |= {name for name, observed in INFERRED.items() if observed & allowed}
    if malicious and allowed & _TRIES:
        allowed |= {"bot-dialect"}  # attackers who try something may speak as other attackers do
    return Event(
        kind=kind,
        must=must,
        may=allowed,
        clients=frozenset(clients),
        servers=frozenset(servers),
        accounts=frozenset(accounts),
        start=moment(min(moments)),
        end=moment(max(moments)),
        strength=strength,
        malicious=malicious,
    )
