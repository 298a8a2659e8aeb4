"""STIX 2.1: the attackers outside of the site as a bundle of indicators, for a threat intelligence platform.

It is made to be passed on: nothing of the site is in it, neither hosts nor accounts nor the titles that name them, and
all of it is marked TLP:AMBER. Ids are the same in every report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from uuid import UUID, uuid5

from zeeksmtp.errors import UnusableError
from zeeksmtp.model import Finding, Incident, Output, Report, View
from zeeksmtp.outputs._attackers import attackers_of

NAMESPACE = UUID("6f1f4a9e-3f5c-5d0e-9a55-0c9f4f6f7a10")
"""Of the UUIDs (version 5) that the ids end with; it must never change."""
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""`created` of what has no time of its own."""
_ATTACK = "mitre-attack"
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")


def render(report: Report, _view: View) -> str:
    """Render the bundle. Raises `UnusableError` where the library is not installed."""
    try:
        import stix2.v21 as stix  # noqa: PLC0415 - an extra, and it takes a third of a second
    except ModuleNotFoundError as error:
        raise UnusableError("--format stix needs the library stix2: pip install 'zeeksmtp[stix]'") from error
    objects = list(_objects(stix, report))
    ids = " ".join(thing.id for thing in objects)
    bundle = stix.Bundle(id=_id("bundle", ids), objects=objects)
    text: str = bundle.serialize(indent=1, ensure_ascii=True)
    return text + "\n"


def _objects(stix: Any, report: Report) -> Iterator[Any]:
    author = stix.Identity(
        id=_id("identity", "zeeksmtp"),
        name="zeeksmtp",
        identity_class="system",
        created=_BEGINNING,
        modified=_BEGINNING,
    )
    common = {"created_by_ref": author.id, "object_marking_refs": [stix.TLP_AMBER]}
    yield author
    yield stix.TLP_AMBER
    findings = {finding.id: finding for finding in report.findings}
    patterns: dict[str, Any] = {}
    for address, incidents in attackers_of(report).items():
        own = _findings_of(address, incidents, findings)
        techniques = sorted({id_ for finding in own for id_ in finding.attack if _TECHNIQUE.fullmatch(id_)})
        for technique in techniques:
            patterns.setdefault(technique, _attack_pattern(stix, technique, common))
        yield from _indicator(stix, address, incidents, techniques, common)
    yield from patterns.values()


def _findings_of(address: str, incidents: Iterable[Incident], findings: dict[str, Finding]) -> list[Finding]:
    ids = dict.fromkeys(id_ for incident in incidents for id_ in incident.findings)
    return [findings[id_] for id_ in ids if id_ in findings and address in findings[id_].clients]


def _indicator(
    stix: Any, address: str, incidents: Sequence[Incident], techniques: Sequence[str], common: dict[str, Any]
) -> Iterator[Any]:
    """Yield the indicator of an address, when it was seen, and the techniques that it indicates."""
    kind = "ipv4-addr" if ip_address(address).version == 4 else "ipv6-addr"
    first, last = min(i.first for i in incidents), max(i.last for i in incidents)
    times = {"created": first, "modified": last}
    indicator = stix.Indicator(
        id=_id("indicator", address),
        name=f"Attacks on mail servers from {address}",
        indicator_types=["malicious-activity"],
        pattern=f"[{kind}:value = '{address}']",
        pattern_type="stix",
        valid_from=first,
        labels=[f"severity-{incidents[0].severity}"],
        **times,
        **common,
    )
    yield indicator
    sighting = _id("sighting", address)
    yield stix.Sighting(indicator.id, id=sighting, first_seen=first, last_seen=last, **times, **common)
    for technique in techniques:
        link = _id("relationship", f"{address} {technique}")
        target = _id("attack-pattern", technique)
        yield stix.Relationship(indicator.id, "indicates", target, id=link, **times, **common)


def _attack_pattern(stix: Any, technique: str, common: dict[str, Any]) -> Any:
    return stix.AttackPattern(
        id=_id("attack-pattern", technique),
        name=technique,
        external_references=[{"source_name": _ATTACK, "external_id": technique}],
        created=_BEGINNING,
        modified=_BEGINNING,
        **common,
    )


def _id(kind: str, name: str) -> str:
    return f"{kind}--{uuid5(NAMESPACE, f'{kind} {name}')}"


OUTPUT = Output("stix", "STIX 2.1 bundle of attackers outside of the site; needs the extra `stix`", render)
