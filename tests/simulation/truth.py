"""What really happened: events that must be found, and who may be named for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tests.simulation.clock import moment
from zeeksmtp.model import Severity

LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL

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
        "blocklisted-sender",
        "relay-probe",
    }
)
"""Detectors of facts on the wire; all others decide by statistics."""


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
    return Event(
        kind=kind,
        must=must,
        may=frozenset(may) | frozenset(must),
        clients=frozenset(clients),
        servers=frozenset(servers),
        accounts=frozenset(accounts),
        start=moment(min(moments)),
        end=moment(max(moments)),
        strength=strength,
        malicious=malicious,
    )
