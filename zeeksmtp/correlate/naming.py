"""What an incident is called, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zeeksmtp.correlate.campaigns import EXPOSURE, FROM_INSIDE
from zeeksmtp.correlate.wording import JOINED, counted, listed
from zeeksmtp.model import Campaign, Detector, Finding, Hosts


def title_of(
    findings: Sequence[Finding], worst: Finding, campaign: Campaign | None, given: Mapping[str, Detector], hosts: Hosts
) -> str:
    """Return the title: that of the worst finding, or of all findings of its technique where there are several."""
    detector = given[worst.detector]
    alike = [f for f in findings if given[f.detector].technique == detector.technique and given[f.detector].stage]
    if detector.stage is None and len(findings) > 1:
        servers = sorted({server for finding in findings for server in finding.servers})
        return f"Mail server configuration: {counted(len(findings), 'weakness|weaknesses')} at {_named(servers)}"
    if (len(alike) == 1 and not _is_joined(worst)) or detector.technique is None or detector.stage == "access":
        return worst.title
    servers = sorted({server for finding in alike for server in finding.servers})
    if detector.technique in EXPOSURE:
        return f"{detector.technique} {_where(servers, hosts)}: {_concerned(alike)}"
    clients = sorted({client for finding in alike for client in finding.clients})
    if detector.technique in FROM_INSIDE:
        return f"{detector.technique} from {clients[0] if len(clients) == 1 else counted(len(clients), 'host')}"
    source = counted(campaign.source_count, "source") if campaign else _named(clients)
    return f"{detector.technique} by {source} against {_named(servers)}"


def _is_joined(finding: Finding) -> bool:
    return any(term.name == JOINED for term in finding.evidence.terms)


def _concerned(findings: Sequence[Finding]) -> str:
    accounts = {account.lower() for finding in findings for account in finding.accounts}
    clients = {client for finding in findings for client in finding.clients}
    return counted(len(accounts), "account") if accounts else counted(len(clients), "client")


def _where(servers: Sequence[str], hosts: Hosts) -> str:
    if all(hosts.is_local(server) is False for server in servers):
        return f"with {servers[0] if len(servers) == 1 else f'{len(servers)} external servers'}"
    return f"at {_named(servers)}"


def _named(hosts: Sequence[str]) -> str:
    return hosts[0] if len(hosts) == 1 else f"{len(hosts)} servers"


def outcome_of(findings: Sequence[Finding], stages: Sequence[str]) -> str:
    """Return what came of it in one or two sentences; empty where the findings say it all."""
    return " ".join([*_disclosed(findings), *_logged_in(findings, stages)])


def _disclosed(findings: Sequence[Finding]) -> list[str]:
    enumerations = [finding for finding in findings if finding.detector == "user-enumeration"]
    if not enumerations:
        return []
    valid = {n for f in enumerations for d in f.evidence.details if d.name == "confirmed_names" for n in d.values}
    if valid:
        return [f"{counted(len(valid), 'address|addresses')} confirmed."]
    # Without the replies nobody can say that there was none.
    return ["No address was confirmed."] * any(finding.visibility == "observed" for finding in enumerations)


def _logged_in(findings: Sequence[Finding], stages: Sequence[str]) -> list[str]:
    taken = sorted({a for f in findings if f.detector in {"guess-then-success", "account-abuse"} for a in f.accounts})
    if taken:
        return [f"Taken over: {listed(taken)}."]
    return ["No login succeeded."] if "guessing" in stages else []
