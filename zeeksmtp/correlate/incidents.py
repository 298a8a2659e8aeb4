"""From findings to incidents: what happened, who did it, what came of it, what to do.

Findings of medium and above make incidents; one is enough. `symptoms` says which findings are mere consequences,
`grouping` which belong together, `naming` what the incident is called and what came of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from zeeksmtp.correlate.campaigns import Behaviours, campaign_of
from zeeksmtp.correlate.grouping import Grouping, pause
from zeeksmtp.correlate.joining import joined
from zeeksmtp.correlate.naming import outcome_of, title_of
from zeeksmtp.correlate.score import STAGES, score_of, step_of
from zeeksmtp.correlate.symptoms import attackers, convicted, is_symptom
from zeeksmtp.correlate.wording import actions_of
from zeeksmtp.model import Action, Detector, Finding, Hosts, Incident, Severity, TimelineEntry, identity

MAX_INCIDENT_UIDS = 20


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
    """The findings, symptoms marked, those of one detector and incident as one; the incidents, gravest first.

    `separate` are the findings in the order given, each symptom by itself with the id of the one that holds it.
    `suppressed` counts the findings that are consequences of suppressed ones: they go with their cause.
    """

    findings: tuple[Finding, ...]
    incidents: tuple[Incident, ...]
    separate: tuple[Finding, ...]
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
    together: dict[str, Finding] = {}
    separate = {f.id: f for f in findings if f.id not in symptoms}
    for number, mine in owned.items():
        for alike in _by_detector(mine):
            own = [f.model_copy(update={"symptom_of": incidents[number].id}) for f in alike]
            one = joined(own, given.detectors, given.hosts)
            together[one.id] = one
            separate.update((f.id, f.model_copy(update={"id": one.id})) for f in own)
    apart = tuple(separate[f.id] for f in findings if f.id in separate)
    kept = {f.id: together.get(f.id, f) for f in apart}
    ranked = sorted(incidents, key=lambda i: (-i.severity.rank, -i.score, i.first, i.id))
    return Correlated(tuple(kept.values()), tuple(ranked), apart, len(findings) - len(apart))


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


def _by_detector(findings: Iterable[Finding]) -> list[list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.detector, []).append(finding)
    return list(groups.values())


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
    each = _by_detector(_gravest_first(findings))
    steps = actions_of([(given.detectors[own[0].detector].actions, own) for own in each], given.hosts)
    # "Disable VRFY on 10.0.0.25." says no more than "Disable VRFY on 10.0.0.25 (Postfix: …)."
    kept = [step for step in steps if not any(_says_more(other.text, step.text) for other in steps)]
    return sorted(kept, key=lambda step: step.owner == "outside")


def _says_more(longer: str, shorter: str) -> bool:
    return longer.startswith(f"{shorter.removesuffix('.')} (")


def _unique(values: Collection[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({value for group in values for value in group}))
