"""What the report makes of a site: how many findings and incidents, and whether each attack is one incident."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evaluation.matching import about
from simulation import attacks, write
from simulation.site import Site
from simulation.truth import Event
from simulation.world import World, simulate
from zeeksmtp.config import Settings
from zeeksmtp.model import Finding, Report, Severity
from zeeksmtp.pipeline import Request, engine_named, report_over
from zeeksmtp.reading.discover import Found

EVERYTHING: Mapping[str, int] = dict.fromkeys(attacks.ALL, 1)
"""Each attack and each misconfiguration that the simulator knows, once."""
ALL_ATTACKS = {name: count for name, count in EVERYTHING.items() if name not in attacks.MISCONFIGURATIONS}
"""Each attack once."""


@dataclass
class SiteFigures:
    """The figures of one site.

    `fragments` is the number of incidents that an attack is spread over, by kind of event. `outside` names attacks that
    are in no incident, `mixed` counts incidents that hold more than one attack.
    """

    seed: int
    findings: int = 0
    incidents: int = 0
    attacks: int = 0
    fragments: dict[str, list[int]] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)
    mixed: int = 0
    symptoms: int = 0


@dataclass
class IncidentFigures:
    """The figures of all sites: with all attacks, with misconfigurations besides, without, with campaigns alone."""

    attacked: list[SiteFigures] = field(default_factory=list)
    everything: list[SiteFigures] = field(default_factory=list)
    quiet: list[SiteFigures] = field(default_factory=list)
    campaigns: list[SiteFigures] = field(default_factory=list)


def counted(seeds: Iterable[int], say: Callable[[str], None], *, hosts: int = 300, days: int = 14) -> IncidentFigures:
    """Simulate each site with all attacks and without any, and report on it."""
    figures = IncidentFigures()
    for seed in seeds:
        figures.attacked.append(_site(simulate(Site(seed, hosts, days), ALL_ATTACKS)))
        figures.everything.append(_site(simulate(Site(seed, hosts, days), EVERYTHING)))
        figures.quiet.append(_site(simulate(Site(seed, hosts, days), {})))
        campaigns = dict.fromkeys(attacks.CAMPAIGNS, 2)
        figures.campaigns.append(_site(simulate(Site(seed, hosts, days), campaigns)))
        both = figures.attacked[-1], figures.everything[-1], figures.quiet[-1]
        say(f"seed {seed}: " + ", ".join(f"{f.findings} findings in {f.incidents} incidents" for f in both))
    return figures


def reported(world: World) -> Report:
    """Return the report on a simulated site, through the real pipeline."""
    site = world.site
    settings = Settings(local_nets=site.net, timezone=site.clock.zone, roles=dict(site.roles))
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-evaluate-") as folder:
        write.lake(world.logs, Path(folder) / "lake")
        request = Request((), settings)
        return report_over(request, engine_named("local"), Path(folder), Found((), ()), [])


def _site(world: World) -> SiteFigures:
    report = reported(world)
    figures = SiteFigures(world.site.seed, len(report.findings), len(report.incidents))
    figures.symptoms = sum(count for incident in report.incidents for count in incident.symptoms.values())
    by_id = {finding.id: finding for finding in report.findings}
    members = [[by_id[id_] for id_ in incident.findings] for incident in report.incidents]
    grave = [event for event in world.events if _is_grave(event)]
    figures.attacks = len(grave)
    held = [[n for n, findings in enumerate(members) if _holds(findings, event)] for event in grave]
    for event, places in zip(grave, held, strict=True):
        figures.fragments.setdefault(event.kind, []).append(len(places))
        figures.outside += [] if places else [f"seed {world.site.seed}: {event.kind}"]
    attacked = [n for event, places in zip(grave, held, strict=True) if event.malicious for n in places]
    figures.mixed = sum(attacked.count(n) > 1 for n in set(attacked))
    return figures


def _is_grave(event: Event) -> bool:
    return any(severity.rank >= Severity.MEDIUM.rank for severity in event.must.values())


def _holds(findings: Sequence[Finding], event: Event) -> bool:
    """Return whether an incident has a finding that must be there for the event."""
    return any(finding.detector in event.must and about(finding, event) for finding in findings)
