"""Pseudonyms: a report that can be shown to others. Every name is replaced, always by the same made-up one.

Replaced: addresses (`host-1`), accounts and names that were probed (`account-1`, `account-1@domain-1`), host and
domain names (`domain-1`), other logged text (`text-1`), and the ids of findings and incidents, because an id is a hash
of such names that anyone could try out. Numbers follow first appearance, so the same input gives the same report.

Kept: times, counts, ports, mechanisms, and what points back into the site's own logs and means nothing elsewhere:
Zeek's uids and the paths of the input files.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from zeeksmtp.model import (
    Action,
    Campaign,
    ClientPosture,
    Count,
    Credential,
    Detail,
    Evidence,
    Finding,
    HostName,
    Incident,
    LegacyAuth,
    PairPosture,
    Posture,
    Report,
    ServerPosture,
    TimelineEntry,
    Traffic,
)
from zeeksmtp.rendering.pseudonym_names import Names

_Row = TypeVar("_Row", ServerPosture, ClientPosture, PairPosture, LegacyAuth)

# Details that hold zeeksmtp's own words, whatever was logged.
_OWN = {"directions", "how", "look_ups", "seen_as", "verdicts", "remedy", "provider", "end", "exploits", "changing"}
# Details that hold what was logged, and may be a word of the protocol; in any other a word is a name.
_LOGGED = {
    *("mechanisms", "verbs", "port", "ports", "codes", "reply_codes", "methods", "replies"),
    *("weaknesses", "versions", "tls_versions", "ciphers"),
}
_PROTOCOL = re.compile(
    r"[1-9]\d{0,4}|VRFY|EXPN|RCPT|MAIL|AUTH|STARTTLS|HELO|EHLO|PLAIN|LOGIN"
    r"|NTLM|GSSAPI|GSS-SPNEGO|EXTERNAL|ANONYMOUS|XOAUTH2|OAUTHBEARER|(CRAM|DIGEST)-MD5|SCRAM-SHA-[0-9-]+(-PLUS)?"
    r"|(?:SSL|TLS)(?:v[123][0-3]?|_[A-Za-z0-9_]+)|5[.]7[.]\d{1,3}|SMTP AUTH|direct send",
)
# Titles begin with these words, which are names that a scanner tries as well.
_PHRASES = ("User-enumeration oracle", "User enumeration")
_SOURCES = re.compile(r"[\d,]+ sources?")
_REFUSAL = re.compile(r"\d{3}(?: \d\.\d{1,3}\.\d{1,3})?")


def pseudonymise(report: Report) -> Report:
    """Return `report` with every name replaced."""
    names = Names()
    things: tuple[Finding | Incident, ...] = (*report.findings, *report.incidents)
    for thing in things:
        _actors(names, thing)  # before any text, in which only its look tells what kind of name a name is
    by_id = {finding.id: finding for finding in report.findings}
    findings = tuple(_finding(names, finding) for finding in report.findings)
    incidents = tuple(_incident(names, incident, by_id) for incident in report.incidents)
    return report.model_copy(
        update={"findings": findings, "incidents": incidents} | _hosts(names, report) | _texts(names, report)
    )


def _named(thing: Finding | Incident) -> Iterable[str]:
    """Yield every name that a finding or incident holds, with the parts of those that have parts."""
    details = thing.evidence.details if isinstance(thing, Finding) else ()
    logged = [value for detail in details for value in detail.values if not _is_own_word(detail.name, value)]
    for name in (*thing.clients, *thing.servers, *thing.accounts, *logged):
        yield name
        yield from re.split(r"[@\\]", name)


def _own_phrases(findings: Iterable[Finding]) -> list[str]:
    """Return zeeksmtp's own words, in which a word may be a name elsewhere: on settings (longest first), in titles."""
    details = (detail for finding in findings for detail in finding.evidence.details)
    remedies = {value for detail in details if detail.name == "remedy" for value in detail.values if value}
    return [*sorted(remedies, key=lambda value: (-len(value), value)), *_PHRASES]


def _is_own_word(kind: str, value: str) -> bool:
    if kind == "who" and _SOURCES.fullmatch(value):
        return True
    return kind in _OWN or (kind in _LOGGED and _PROTOCOL.fullmatch(value) is not None)


def _actors(names: Names, thing: Finding | Incident) -> dict[str, Any]:
    return {
        "id": names.id(thing.id),
        "clients": _each(names.domain, thing.clients),
        "servers": _each(names.domain, thing.servers),
        "accounts": _each(names.account, thing.accounts),
    }


def _each(replace: Callable[[str], str], values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(replace, values)))


def _finding(names: Names, finding: Finding) -> Finding:
    actors = _actors(names, finding)
    details = tuple(_detail(names, detail) for detail in finding.evidence.details)
    evidence = Evidence(terms=finding.evidence.terms, details=details, test=finding.evidence.test)
    known, own = set(_named(finding)), _own_phrases([finding])
    texts = {key: names.text(getattr(finding, key), known, own) for key in ("title", "summary", "action")}
    ids = {
        "replaces": tuple(map(names.id, finding.replaces)),
        "symptom_of": finding.symptom_of and names.id(finding.symptom_of),
    }
    return finding.model_copy(update=actors | texts | ids | {"evidence": evidence, "settings": ()})


def _detail(names: Names, detail: Detail) -> Detail:
    is_host = re.search("helo|domain|host|banner", detail.name) is not None
    replace = names.domain if is_host else names.any
    return Detail(
        name=detail.name,
        values=_each(lambda value: value if _is_own_word(detail.name, value) else replace(value), detail.values),
    )


def _incident(names: Names, incident: Incident, by_id: Mapping[str, Finding]) -> Incident:
    story = [by_id[i] for i in incident.findings if i in by_id]
    known = set(_named(incident)).union(*map(_named, story))
    own = _own_phrases(story)

    def text(old: str) -> str:
        return names.text(old, known, own)

    update = _actors(names, incident) | {
        "findings": tuple(map(names.id, incident.findings)),
        "title": text(incident.title),
        "outcome": text(incident.outcome),
        "campaign": incident.campaign and _campaign(names, incident.campaign),
        "attackers": _each(names.domain, incident.attackers),
        "timeline": tuple(
            TimelineEntry(time=entry.time, finding=names.id(entry.finding), text=text(entry.text))
            for entry in incident.timeline
        ),
        "actions": tuple(Action(owner=action.owner, text=text(action.text)) for action in incident.actions),
        "settings": (),  # with made-up addresses they would be of no use
    }
    return incident.model_copy(update=update)


def _campaign(names: Names, campaign: Campaign) -> Campaign:
    ends = {key: _each(names.domain, getattr(campaign, key)) for key in ("sources", "networks", "targets")}
    return campaign.model_copy(update=ends)


def _hosts(names: Names, report: Report) -> dict[str, Any]:
    roles = ({"host": names.domain(r.host), "reason": names.text(r.reason)} for r in report.roles)
    return {
        "posture": _posture(names, report.posture),
        "roles": tuple(role.model_copy(update=new) for role, new in zip(report.roles, roles, strict=True)),
        "credentials_to_change": tuple(
            Credential(
                account=names.account(c.account),
                server=names.domain(c.server),
                last=c.last,
                why=names.id(c.why),
                probable=c.probable,
            )
            for c in report.credentials_to_change
        ),
        "traffic": _traffic(names, report.traffic),
        "volumes": tuple(v.model_copy(update={"client": names.domain(v.client)}) for v in report.volumes),
        "changes": report.changes.model_copy(
            update={
                "rows": tuple(row.model_copy(update={"host": names.domain(row.host)}) for row in report.changes.rows)
            }
        ),
        "hosts": {
            names.domain(host): tuple(HostName(name=names.domain(n.name), source=n.source) for n in host_names)
            for host, host_names in report.hosts.items()
        },
    }


def _posture(names: Names, posture: Posture) -> Posture:
    def each(rows: Iterable[_Row]) -> tuple[_Row, ...]:
        return tuple(row.model_copy(update=_ends(names, row)) for row in rows)

    return posture.model_copy(
        update={
            "servers": tuple(
                s.model_copy(update={"certificate_names": _each(names.domain, s.certificate_names)})
                for s in each(posture.servers)
            ),
            "clients": posture.clients.model_copy(update={"rows": each(posture.clients.rows)}),
            "pairs": posture.pairs.model_copy(update={"rows": each(posture.pairs.rows)}),
            "legacy_auth": posture.legacy_auth.model_copy(
                update={
                    "rows": tuple(
                        row.model_copy(update={"accounts": _each(names.account, row.accounts)})
                        for row in each(posture.legacy_auth.rows)
                    )
                }
            ),
        }
    )


def _ends(names: Names, row: ServerPosture | ClientPosture | PairPosture | LegacyAuth) -> dict[str, str]:
    """Return the pseudonyms of the ends that a row has."""
    return {end: names.domain(getattr(row, end)) for end in ("client", "server") if hasattr(row, end)}


def _traffic(names: Names, traffic: Traffic) -> Traffic:
    def each(replace: Callable[[str], str], counts: Iterable[Count]) -> tuple[Count, ...]:
        return tuple(Count(name=replace(count.name), count=count.count) for count in counts)

    return Traffic(
        senders=each(names.account, traffic.senders),
        clients=each(names.domain, traffic.clients),
        recipient_domains=each(lambda name: names.domain(name.strip("[]")), traffic.recipient_domains),
        # A status that is none was logged by who knows whom.
        refusals=each(lambda name: name if _REFUSAL.fullmatch(name) else names.any(name), traffic.refusals),
        hours=traffic.hours,
    )


def _texts(names: Names, report: Report) -> dict[str, Any]:
    paths = {file.path for file in report.inputs.files}
    notes = tuple(map(names.text, report.coverage.notes))
    site = report.coverage.unknown_site and names.text(report.coverage.unknown_site)
    files = tuple(
        file.model_copy(
            update={key: text and names.text(text) for key, text in (("problem", file.problem), ("note", file.note))}
        )
        for file in report.inputs.files
    )
    errors = tuple(
        error.model_copy(
            update={
                "where": error.where if error.where in paths else names.text(error.where),
                "what": names.text(error.what),
            }
        )
        for error in report.errors
    )
    return {
        "coverage": report.coverage.model_copy(update={"notes": notes, "unknown_site": site}),
        "inputs": report.inputs.model_copy(update={"files": files}),
        "errors": errors,
    }
