"""Findings and hosts to correlate, and the correlation of them with the real detectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cases import DETECTORS
from tests.findings import plain
from zeeksmtp.correlate.campaigns import Behaviour
from zeeksmtp.correlate.incidents import Correlation, correlate
from zeeksmtp.model import Advice, Detail, Detector, Evidence, Finding, Hosts, Incident, Term, identity

ADVICE = (
    Advice("Change the password of {accounts}.", when=("accounts",)),
    Advice("Tell the administrator of {clients}.", owner="outside", when=("client-outside",)),
)
PLAIN = {name: replace(detector, actions=ADVICE) for name, detector in DETECTORS.items()}
"""The real detectors, with advice that needs no evidence."""
START = datetime(2026, 11, 2, tzinfo=UTC)
HOSTS = Hosts(
    [
        ("10.0.0.25", "relay", True),
        ("10.0.0.24", "submission-server", True),
        *((f"10.0.1.{n}", "workstation", True) for n in range(1, 30)),
        ("198.51.100.7", "submission-server", False),
        ("192.0.2.1", "gateway", False),
        *((f"203.0.{net}.{n}", "other", False) for net in range(1, 40) for n in range(1, 40)),
    ]
)


def finding(hours: float = 0, length: float = 0, **more: Any) -> Finding:
    """Return a finding of severity high that begins so many hours after `START`; its id follows from its content."""
    given = {
        "detector": "cleartext-credentials",
        "severity": "high",
        "first": START + timedelta(hours=hours),
        "last": START + timedelta(hours=hours + length),
    } | more
    return plain(id=identity(repr(sorted(given.items(), key=str))), **given)


def guessing(client: str, hours: float = 0, length: float = 1, **more: Any) -> Finding:
    """Return a finding of password guessing against the submission server."""
    given = {"detector": "password-guessing", "clients": (client,), "servers": ("10.0.0.24",)}
    return finding(hours, length, **(given | more))


def enumeration(client: str, hours: float = 0, length: float = 1, names: tuple[str, ...] = (), **more: Any) -> Finding:
    """Return a finding of user enumeration against the mail server, with the names that were tried."""
    evidence = Evidence(details=(Detail(name="names_tried", values=names),))
    given = {"detector": "user-enumeration", "clients": (client,), "servers": ("10.0.0.25",), "evidence": evidence}
    return finding(hours, length, **(given | more))


def sources(count: int) -> Evidence:
    """Return the evidence of a distributed finding."""
    return Evidence(terms=(Term(name="sources", value=count, weight=1),))


def correlated(
    *findings: Finding,
    helo: Mapping[str, str] | None = None,
    link_hours: float = 24,
    detectors: Mapping[str, Detector] = PLAIN,
) -> tuple[tuple[Finding, ...], tuple[Incident, ...]]:
    """Correlate findings; `helo` is the HELO name of each client."""
    names = helo or {}
    behaviours = {f.id: Behaviour(frozenset(names[c] for c in f.clients if c in names)) for f in findings}
    actors = {f.id: (*f.clients, "")[0] for f in findings}
    result = correlate(findings, Correlation(detectors, HOSTS, actors, behaviours, link_hours))
    return result.findings, result.incidents


def incidents(*findings: Finding, **given: Any) -> tuple[Incident, ...]:
    """Return the incidents alone."""
    return correlated(*findings, **given)[1]
