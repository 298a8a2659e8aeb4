"""From findings to incidents: what happened, who did it, what came of it, what to do.

Findings of medium and above make incidents; one is enough. `symptoms` says which findings are mere consequences,
`grouping` which belong together, `naming` what the incident is called and what came of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from zeeksmtp.correlate.campaigns import Behaviours, campaign_of
from zeeksmtp.correlate.grouping import Grouping, pause
from zeeksmtp.correlate.naming import outcome_of, title_of
from zeeksmtp.correlate.score import STAGES, score_of, step_of
from zeeksmtp.correlate.symptoms import attackers, convicted, is_symptom
from zeeksmtp.correlate.wording import actions_of
from zeeksmtp.model import Action, Detector, Finding, Hosts, Incident, Severity, TimelineEntry, identity

MAX_INCIDENT_UIDS = 20
MAX_LISTED_SYMPTOMS = 10
"""Symptoms of one detector and incident that stay in the report's findings; the incident counts all of them."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """What incidents are made with.

    `actors` is the root actor of each finding, by id: the first part of its entity key. `link_hours` is the longest
    pause between neighbours of one chain or campaign.
    """

    detectors: Mapping[str, Detector]
    hosts: Hosts
    actors: Mapping[str, str]
    behaviours: Behaviours = field(default_factory=dict)
    link_hours: float = 24


@dataclass(frozen=True, slots=True)
class Correlated:
    """The findings, in the order given, symptoms marked and bounded; the incidents, gravest first.

    `suppressed` counts the findings that are consequences of suppressed ones: they go with their cause.
    """

    findings: tuple[Finding, ...]
    incidents: tuple[Incident, ...]
    suppressed: int = 0


def correlate(findings: Sequence[Finding], given: Correlation, suppressed: Sequence[Finding] = ()) -> Correlated:
    """Join findings into incidents. `suppressed` findings are in none, but convict their clients all the same."""
    guilty = convicted([*findings, *suppressed], given.detectors, given.hosts)
    symptoms = {f.id for f in findings if is_symptom(f, guilty, given.detectors)}
    grave = [f for f in findings if f.severity.rank >= Severity.MEDIUM.rank and f.id not in symptoms]
    grave.sort(key=lambda finding: (finding.first, finding.id))
    link = timedelta(hours=given.link_hours)
    groups = Grouping(grave, given.detectors, given.hosts, given.behaviours, link).groups()
    owned = _owned([f for f in findings if f.id in symptoms], groups, given.detectors)
    incidents = [_incident(group, owned.get(number, []), given) for number, group in enumerate(groups)]
    owner = {f.id: incidents[number].id for number, mine in owned.items() for f in mine}
    listed = {f.id for mine in owned.values() for f in _listed(mine)}
    kept = tuple(
        f.model_copy(update={"symptom_of": owner[f.id]}) if f.id in owner else f
        for f in findings
        if f.id not in symptoms or f.id in listed
    )
    ranked = sorted(incidents, key=lambda i: (-i.severity.rank, -i.score, i.first, i.id))
    return Correlated(kept, tuple(ranked), len(symptoms - owner.keys()))


def _owned(
    symptoms: Sequence[Finding], groups: Sequence[Sequence[Finding]], detectors: Mapping[str, Detector]
) -> dict[int, list[Finding]]:
    """Return the symptoms by number of the group that convicted their client: of several, the nearest in time."""
    causes: dict[str, list[int]] = {}
    for number, group in enumerate(groups):
        for client in {c for f in group if detectors[f.detector].convicts for c in f.clients}:
            causes.setdefault(client, []).append(number)
    owned: dict[int, list[Finding]] = {}
    for symptom in symptoms:
        numbers = {n for client in symptom.clients for n in causes.get(client, [])}
        nearest = min(numbers, key=lambda n: (_distance(symptom, groups[n]), n), default=None)
        if nearest is not None:
            owned.setdefault(nearest, []).append(symptom)
    return owned


def _distance(symptom: Finding, group: Sequence[Finding]) -> timedelta:
    whole = min(f.first for f in group), max(f.last for f in group)
    return pause((symptom.first, symptom.last), whole)


def _listed(symptoms: Sequence[Finding]) -> list[Finding]:
    """Return the symptoms that stay in the report: of each detector the gravest, then those with most events."""
    ranked = sorted(symptoms, key=lambda f: (f.detector, -f.severity.rank, -f.count, f.id))
    seen: Counter[str] = Counter()
    listed = []
    for finding in ranked:
        seen[finding.detector] += 1
        listed += [finding] * (seen[finding.detector] <= MAX_LISTED_SYMPTOMS)
    return listed


def _incident(findings: Sequence[Finding], symptoms: Sequence[Finding], given: Correlation) -> Incident:
    stage_of = {name: detector.stage for name, detector in given.detectors.items()}
    shown = {stage_of[finding.detector] for finding in findings}
    stages = tuple(stage for stage in STAGES if stage in shown)
    # A symptom may be graver than its cause: the password that a stealer shows is out, whatever shows the stealer.
    severity = max((f.severity for f in (*findings, *symptoms)), key=lambda severity: severity.rank)
    parts = score_of(findings, severity, stages, stage_of)
    # Of equally grave findings the furthest stage is the news: that a guess was right says more than that it was seen.
    worst = max(findings, key=lambda f: (f.severity.rank, step_of(stage_of[f.detector])))
    technique = given.detectors[worst.detector].technique
    alike = [f for f in findings if given.detectors[f.detector].technique == technique]
    campaign = campaign_of(alike, technique, given.hosts) if technique else None
    return Incident(
        id=identity(_root_actor(findings[0], given), f"{findings[0].first:%Y-%m-%d}"),
        title=title_of(findings, worst, campaign, given.detectors, given.hosts),
        severity=severity,
        score=min(100, sum(parts.values())),
        score_parts=parts,
        stages=stages,
        first=findings[0].first,
        last=max(f.last for f in findings),
        clients=_unique([f.clients for f in findings]),
        servers=_unique([f.servers for f in findings]),
        accounts=_unique([f.accounts for f in findings]),
        attackers=attackers(findings, given.detectors, given.hosts),
        findings=tuple(f.id for f in findings),
        symptoms=dict(sorted(Counter(f.detector for f in symptoms).items())),
        campaign=campaign,
        outcome=outcome_of(findings, stages),
        timeline=tuple(TimelineEntry(time=f.first, finding=f.id, text=f.summary) for f in findings),
        actions=tuple(_actions(findings, given)),
        uids=tuple(dict.fromkeys(uid for f in _gravest_first(findings) for uid in f.uids))[:MAX_INCIDENT_UIDS],
    )


def _root_actor(finding: Finding, given: Correlation) -> str:
    """Return the client that the finding's entity key begins with, if it speaks for itself; else the finding's id.

    A finding's id is a hash of its entity: where that is no client (a server, an account, the site), it stands for it.
    """
    actor = given.actors.get(finding.id, "")
    acts = given.detectors[finding.detector].stage is not None and actor in finding.clients
    return actor if acts and not given.hosts.is_shared(actor) else finding.id


def _gravest_first(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: -finding.severity.rank)


def _actions(findings: Sequence[Finding], given: Correlation) -> list[Action]:
    """Return the steps, each once: those for the gravest findings first, what others have to do last."""
    by_detector: dict[str, list[Finding]] = {}
    for finding in _gravest_first(findings):
        by_detector.setdefault(finding.detector, []).append(finding)
    steps = actions_of([(given.detectors[name].actions, own) for name, own in by_detector.items()], given.hosts)
    # "Disable VRFY on 10.0.0.25." says no more than "Disable VRFY on 10.0.0.25 (Postfix: …)."
    kept = [step for step in steps if not any(_says_more(other.text, step.text) for other in steps)]
    return sorted(kept, key=lambda step: step.owner == "outside")


def _says_more(longer: str, shorter: str) -> bool:
    return longer.startswith(f"{shorter.removesuffix('.')} (")


def _unique(values: Collection[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({value for group in values for value in group}))
