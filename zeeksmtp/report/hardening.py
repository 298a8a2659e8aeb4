"""Ready settings for incidents and findings: by the greeting of the site's servers, and against outside attackers."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import polars as pl

from zeeksmtp import hardening
from zeeksmtp.hardening import PURPOSES, Firewall, MailServer, mail_servers
from zeeksmtp.model import Collect, Detector, Finding, Hosts, Incident, ReadySettings, Tables, Weakness
from zeeksmtp.registry import discover

MAX_BLOCKED = 100
"""Addresses in one set of firewall rules."""


@dataclass(frozen=True, slots=True)
class Hardening:
    """What settings are chosen by: the weaknesses of detectors, which hosts are the site's own, software of servers."""

    detectors: Mapping[str, Detector]
    hosts: Hosts
    software: Mapping[str, tuple[str, ...]]

    def of_findings(self, findings: Sequence[Finding]) -> tuple[ReadySettings, ...]:
        """Return the settings for the site's servers that findings name, each once for all servers that it is for."""
        hosts: dict[tuple[str, Weakness], list[str]] = {}
        for finding in findings:
            for weakness in filter(_used(finding), self.detectors[finding.detector].weaknesses):
                for server in finding.servers:
                    for name in self.software.get(server, ()) if self.hosts.is_local(server) is not False else ():
                        hosts.setdefault((name, weakness), []).append(server)
        servers: Mapping[str, MailServer] = {unit.name: unit for unit in mail_servers()}
        return tuple(
            ReadySettings(
                software=name,
                hosts=tuple(dict.fromkeys(own)),
                purpose=PURPOSES[weakness],
                where=recipe.where,
                lines=recipe.lines,
                check=recipe.check,
            )
            for (name, weakness), own in hosts.items()
            if (recipe := servers[name].recipes.get(weakness))
        )

    def against(self, findings: Iterable[Finding]) -> tuple[ReadySettings, ...]:
        """Return firewall rules against the outside hosts that findings convict; hosts that speak for others stay."""
        blamed = (f for f in findings if "attacker" in self.detectors[f.detector].weaknesses)
        clients = dict.fromkeys(client for finding in blamed for client in finding.clients)
        outside = [c for c in clients if self.hosts.is_local(c) is False and not self.hosts.is_shared(c)]
        addresses = sorted(filter(None, map(_address, outside[:MAX_BLOCKED])), key=lambda a: (a.version, int(a)))
        if not addresses:
            return ()
        firewalls: Iterable[Firewall] = discover(hardening, "FIREWALL").values()
        ipv4 = [address for address in addresses if isinstance(address, IPv4Address)]
        ipv6 = [address for address in addresses if isinstance(address, IPv6Address)]
        return tuple(
            ReadySettings(
                software=firewall.name,
                hosts=(),
                purpose=PURPOSES["attacker"],
                where=firewall.where,
                lines=tuple(firewall.rules(ipv4, ipv6)),
                check=firewall.check,
            )
            for firewall in firewalls
        )

    def hardened(
        self, incidents: Iterable[Incident], findings: Sequence[Finding]
    ) -> tuple[tuple[Incident, ...], tuple[Finding, ...]]:
        """Return incidents, and the findings that are in none, with their settings."""
        by_id = {finding.id: finding for finding in findings}
        with_settings, owned = list[Incident](), set[str]()
        for incident in incidents:
            own = [by_id[id_] for id_ in incident.findings if id_ in by_id]
            owned.update(incident.findings)
            settings = (*self.of_findings(own), *self.against(own))
            with_settings.append(incident.model_copy(update={"settings": settings}))
        alone = (f if f.id in owned or f.symptom_of else _with(f, self.of_findings([f])) for f in findings)
        return tuple(with_settings), tuple(alone)


_COMMANDS: Mapping[Weakness, tuple[str, ...]] = {"address-disclosure": ("VRFY", "EXPN"), "recipient-probing": ("RCPT",)}
"""Commands that show a weakness at work; of the others the kind of finding is enough."""


def software_of(findings: Iterable[Finding], tables: Tables, collect: Collect) -> dict[str, tuple[str, ...]]:
    """Return the names of the mail servers that greet at each host, by the patterns of `zeeksmtp.hardening`."""
    named = pl.Series(sorted({server for finding in findings for server in finding.servers}), dtype=pl.String)
    greeted = pl.col("server").is_in(named.implode()) & pl.col("banner").is_not_null()
    rows = collect(tables["server"].filter(greeted).select("server", "banner").unique().sort("server", "banner"))
    found: dict[str, dict[str, None]] = {}
    for server, banner in rows.iter_rows():
        found.setdefault(server, {}).update(dict.fromkeys(_software(banner)))
    return {server: tuple(names) for server, names in found.items()}


def _software(banner: str) -> Collection[str]:
    return [server.name for server in mail_servers() if re.search(server.greeting, banner)][:1]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A zone index (fe80::1%eth0) is a text of its own: it has no place in a rule.
    return None if isinstance(address, IPv6Address) and address.scope_id is not None else address


def _used(finding: Finding) -> Callable[[Weakness], bool]:
    """Return whether a weakness is one that the commands of a finding used: a harvest by RCPT needs no VRFY."""
    verbs = " ".join(value for detail in finding.evidence.details if detail.name == "verbs" for value in detail.values)
    return lambda weakness: not verbs or any(verb in verbs for verb in _COMMANDS.get(weakness, ("",)))


def _with(finding: Finding, settings: tuple[ReadySettings, ...]) -> Finding:
    return finding.model_copy(update={"settings": settings}) if settings else finding
