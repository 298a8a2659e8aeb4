"""Which findings and incidents somebody asks for: by severity, detector, host, account, time and state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TypeVar

from zeeksmtp.correlate.suppress import bare_account
from zeeksmtp.model import Finding, Incident, Report, Severity

Network = IPv4Network | IPv6Network
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Filter:
    """What must hold for a finding: one of each kind that is given. Nothing given: everything matches.

    Clients and servers are networks, a single host among them; accounts match in any of the forms in which they are
    logged (`CORP\\\\alice`, `alice@corp.example`). A finding or incident with an event from `since` (inclusive) to
    `until` (exclusive) matches.
    """

    min_severity: Severity | None = None
    detectors: tuple[str, ...] = ()
    clients: tuple[Network, ...] = ()
    servers: tuple[Network, ...] = ()
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

    def _fits(self, thing: Finding | Incident) -> bool:
        severe = self.min_severity is None or thing.severity.rank >= self.min_severity.rank
        in_time = (self.since is None or thing.last >= self.since) and (self.until is None or thing.first < self.until)
        return (
            severe
            and in_time
            and _any(self.clients, thing.clients, _is_within)
            and _any(self.servers, thing.servers, _is_within)
            and _any(self.accounts, thing.accounts, is_same_account)
            and (not self.states or thing.state in self.states)
        )


def _any(wanted: Iterable[T], values: Iterable[str], fits: Callable[[str, T], bool]) -> bool:
    chosen = list(wanted)
    return not chosen or any(fits(value, one) for value in values for one in chosen)


def _is_within(host: str, network: Network) -> bool:
    try:
        return ip_address(host.partition("%")[0]) in network
    except ValueError:  # a pseudonym
        return False


def is_same_account(account: str, wanted: str) -> bool:
    """Return whether two forms (`CORP\\alice`, `alice@corp.example`) stand for one account."""
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
            "credentials_to_change": tuple(c for c in report.credentials_to_change if c.why in ids),
        }
    )
