"""Which findings and incidents somebody asks for: by severity, detector, host, account, time and state."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TypeVar

from zeeksmtp.correlate.suppress import bare_account
from zeeksmtp.model import Credential, Finding, Incident, Report, Severity

Network = IPv4Network | IPv6Network
T = TypeVar("T")
STATES = ("new", "ongoing", "quiet", "acknowledged")
_BEGINNING_V4 = re.compile(r"(\d{1,3}\.){1,3}")
_BEGINNING_V6 = re.compile(r"([0-9a-fA-F]{1,4}:){1,7}")


@dataclass(frozen=True, slots=True)
class Filter:
    """What must hold for a finding: one of each kind that is given. Nothing given: everything matches.

    Clients, servers and hosts (either of the two) are networks, a single host among them; accounts match in any of the
    forms in which they are logged (`CORP\\alice`, `alice@corp.example`). A finding or incident with an event from
    `since` (inclusive) to `until` (exclusive) matches.
    """

    min_severity: Severity | None = None
    max_severity: Severity | None = None
    detectors: tuple[str, ...] = ()
    clients: tuple[Network, ...] = ()
    servers: tuple[Network, ...] = ()
    hosts: tuple[Network, ...] = ()
    accounts: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, finding: Finding) -> bool:
        """Return whether a finding matches."""
        return self._fits(finding) and (not self.detectors or finding.detector in self.detectors)

    def matches_incident(self, incident: Incident, findings: Iterable[Finding]) -> bool:
        """Return whether an incident matches; `findings` are its own."""
        found = {finding.detector for finding in findings} | set(incident.symptoms)
        return self._fits(incident) and (not self.detectors or bool(found & set(self.detectors)))

    def matches_credential(self, credential: Credential) -> bool:
        """Return whether a credential is one of the accounts and servers; its finding may name others besides."""
        is_account = _any(self.accounts, (credential.account,), is_same_account)
        return is_account and _any(self.servers, (credential.server,), is_within)

    def _fits(self, thing: Finding | Incident) -> bool:
        severe = self.min_severity is None or thing.severity.rank >= self.min_severity.rank
        severe &= self.max_severity is None or thing.severity.rank <= self.max_severity.rank
        in_time = (self.since is None or thing.last >= self.since) and (self.until is None or thing.first < self.until)
        return (
            severe
            and in_time
            and _any(self.clients, thing.clients, is_within)
            and _any(self.servers, thing.servers, is_within)
            and _any(self.hosts, (*thing.clients, *thing.servers), is_within)
            and _any(self.accounts, thing.accounts, is_same_account)
            and (not self.states or thing.state in self.states)
        )


def _any(wanted: Iterable[T], values: Iterable[str], fits: Callable[[str, T], bool]) -> bool:
    chosen = list(wanted)
    return not chosen or any(fits(value, one) for value in values for one in chosen)


def network(text: str) -> Network:
    """Return the network that a text stands for: an address, a CIDR, or the beginning of an address (`10.20.`).

    Raises:
        ValueError: It is none of these.
    """
    if _BEGINNING_V4.fullmatch(text):
        return ip_network(f"{text}{'0.' * (3 - text.count('.'))}0/{8 * text.count('.')}")
    if _BEGINNING_V6.fullmatch(text):
        return ip_network(f"{text}:/{16 * text.count(':')}")
    return ip_network(text)


def is_within(host: str, network: Network) -> bool:
    """Return whether a host's address lies in a network."""
    try:
        return ip_address(host.partition("%")[0]) in network
    except ValueError:  # a pseudonym
        return False


def is_same_account(account: str, wanted: str) -> bool:
    """Return whether an account is the wanted one, in any of the forms in which it is logged."""
    return wanted.lower() in {account.lower(), bare_account(account)} or bare_account(wanted) == bare_account(account)


def narrowed(report: Report, wanted: Filter) -> Report:
    """Return the report with the findings and incidents that match, and the credentials that they expose."""
    if wanted == Filter():
        return report
    findings = tuple(finding for finding in report.findings if wanted.matches(finding))
    by_id = {finding.id: finding for finding in report.findings}
    incidents = tuple(
        i for i in report.incidents if wanted.matches_incident(i, [by_id[f] for f in i.findings if f in by_id])
    )
    ids = {finding.id for finding in findings}
    return report.model_copy(
        update={
            "findings": findings,
            "incidents": incidents,
            "credentials_to_change": tuple(
                c for c in report.credentials_to_change if c.why in ids and wanted.matches_credential(c)
            ),
        }
    )
