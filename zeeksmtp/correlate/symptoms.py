"""The cause owns its symptoms: what a convicted host does besides is a consequence of its incident."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from zeeksmtp.model import Detector, Finding, Hosts, Severity

Detectors = Mapping[str, Detector]


def convicted(findings: Iterable[Finding], detectors: Detectors, hosts: Hosts) -> set[str]:
    """Return the clients that findings of medium or above show to be attackers, bots or stealers.

    Hosts that speak for many are never convicted. Of an account that was taken over only outside clients are: one of
    the site's own is its owner's.
    """
    return {
        client
        for finding in findings
        if detectors[finding.detector].convicts and finding.severity.rank >= Severity.MEDIUM.rank
        for client in finding.clients
        if not hosts.is_shared(client)
        and not (detectors[finding.detector].compromises_credentials and hosts.is_local(client) is not False)
    }


def attackers(findings: Iterable[Finding], detectors: Detectors, hosts: Hosts) -> tuple[str, ...]:
    """Return the convicted clients outside of the site, sorted; a host of which that is unknown is none of them."""
    return tuple(sorted(host for host in convicted(findings, detectors, hosts) if hosts.is_local(host) is False))


def is_symptom(finding: Finding, guilty: Collection[str], detectors: Detectors) -> bool:
    """Return whether a finding is a mere consequence: all its clients are convicted, by other findings than this.

    That goes for the detectors that are marked so, and for whatever is below medium.
    """
    if not finding.clients or not set(finding.clients) <= set(guilty):
        return False
    return detectors[finding.detector].symptom or finding.severity.rank < Severity.MEDIUM.rank
