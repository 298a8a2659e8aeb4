"""Pseudonyms: a report that can be shown to others. Every name is replaced, always by the same made-up one.

Replaced: addresses (`host-1`), accounts and names that were asked for (`account-1`, `account-1@domain-1`), host and
domain names (`domain-1`), other logged text (`text-1`), and the ids of findings and incidents, because an id is a hash
of such names that anyone could try out. Numbers follow first appearance, so the same input gives the same report.

Kept: times, counts, ports, mechanisms, and what points back into the site's own logs and means nothing elsewhere:
Zeek's uids and the paths of the input files.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from zeeksmtp.model import Count, Detail, Evidence, Finding, Incident, Report, Traffic, identity

# Details that hold zeeksmtp's own words, whatever was logged.
_OWN = {"directions", "seen_as", "remedy"}
# Details that hold what was logged, and may be a word of the protocol; in any other a word is a name.
_LOGGED = {"mechanisms", "verbs", "port", "ports", "codes", "reply_codes", "methods"}
_PROTOCOL = re.compile(
    r"[1-9]\d{0,4}|VRFY|EXPN|RCPT|MAIL|AUTH|STARTTLS|HELO|EHLO|PLAIN|LOGIN"
    r"|NTLM|GSSAPI|GSS-SPNEGO|EXTERNAL|ANONYMOUS|XOAUTH2|OAUTHBEARER|(CRAM|DIGEST)-MD5|SCRAM-SHA-[0-9-]+(-PLUS)?",
)
_REFUSAL = re.compile(r"\d{3}(?: \d\.\d{1,3}\.\d{1,3})?")
_MAIL = r"[^\s<>\"',;()]{1,254}@[^\s<>\"',;()]*[^\s<>\"',;().]"
_IPV6 = r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?:\.\d{1,3}){3})?(?![\w:])"
_IPV4 = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)"
# Names of files and settings have dots as well; their last parts are no domains.
_DOMAIN = r"(?<![\w.-])(?:\w(?:[\w-]*\w)?\.)+(?!(?:log|gz|toml|json|zeek|parquet|cf|conf|py)\b)[^\W\d][\w-]*\w(?![\w-])"


class _Names:
    """Gives each name its pseudonym, the same one each time."""

    def __init__(self) -> None:
        self._given: dict[str, dict[str, str]] = defaultdict(dict)

    def _give(self, kind: str, name: str) -> str:
        given = self._given[kind]
        return given.setdefault(name.casefold(), f"{kind}-{len(given) + 1}")

    def account(self, name: str) -> str:
        """Replace the name of an account; forms of it share its number."""
        if not name:
            return name
        local, at, domain = name.rpartition("@")
        if at and local and domain and "@" not in local:
            return f"{self.account(local)}@{self.domain(domain.strip('[]'))}"
        if parts := re.fullmatch(r"([\w.-]+)\\([^\\]+)", name):
            return f"{self.domain(parts[1])}\\{self.account(parts[2])}"
        return self._give("text" if re.search(r"\s", name) else "account", name)

    def domain(self, name: str) -> str:
        """Replace the name of a host or domain, or an address."""
        address, slash, length = name.partition("/")
        if _is_address(address):
            return self._give("host", address) + slash + length
        return self._give("domain", name.rstrip(".")) if name else name

    def any(self, name: str) -> str:
        """Replace a name whose kind only its form tells."""
        is_host = _is_address(name.partition("/")[0]) or re.fullmatch(_DOMAIN, name)
        return self.domain(name) if is_host else self.account(name)

    def id(self, old: str) -> str:
        """Replace an id by one that says nothing."""
        return identity("pseudonym", self._give("id", old))

    def text(self, text: str, known: Iterable[str] = (), own: Iterable[str] = ()) -> str:
        """Replace in a sentence the names in `known`, and all that looks like an address, a mailbox or a domain.

        What stands in `own` are zeeksmtp's words, and stay.
        """
        ranked = sorted({name for name in known if name}, key=lambda name: (-len(name), name))
        kept = [f"(?P<own>{'|'.join(map(re.escape, own))})"] if own else []
        patterns = [*kept, *map(_whole, ranked), _MAIL, f"(?P<address>{_IPV6}|{_IPV4})", _DOMAIN]
        return re.sub("|".join(patterns), self._found, text, flags=re.IGNORECASE)

    def _found(self, match: re.Match[str]) -> str:
        # "06:01:00" has the form of an IPv6 address, but is none.
        is_time = match.lastgroup == "address" and not _is_address(match[0])
        return match[0] if is_time or match.lastgroup == "own" else self.any(match[0])


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _whole(name: str) -> str:
    """Give a pattern for `name` where it is not a part of a longer word."""
    before = r"(?<![^\W_])" if name[0].isalnum() else ""
    after = r"(?![^\W_])" if name[-1].isalnum() else ""
    return before + re.escape(name) + after


def pseudonymise(report: Report) -> Report:
    """Give `report` with every name replaced."""
    names = _Names()
    by_id = {finding.id: finding for finding in report.findings}
    findings = tuple(_finding(names, finding) for finding in report.findings)
    incidents = tuple(_incident(names, incident, by_id) for incident in report.incidents)
    return report.model_copy(
        update={"findings": findings, "incidents": incidents} | _hosts(names, report) | _texts(names, report)
    )


def _named(thing: Finding | Incident) -> Iterable[str]:
    """Give every name that a finding or incident holds, with the parts of those that have parts."""
    details = thing.evidence.details if isinstance(thing, Finding) else ()
    logged = [value for detail in details for value in detail.values if not _kept(detail.name, value)]
    for name in (*thing.clients, *thing.servers, *thing.accounts, *logged):
        yield name
        yield from re.split(r"[@\\]", name)


def _remedies(findings: Iterable[Finding]) -> list[str]:
    """Give zeeksmtp's own words on settings, in which a word may be a name elsewhere; longest first."""
    details = (detail for finding in findings for detail in finding.evidence.details)
    told = {value for detail in details if detail.name == "remedy" for value in detail.values if value}
    return sorted(told, key=lambda value: (-len(value), value))


def _kept(kind: str, value: str) -> bool:
    return kind in _OWN or (kind in _LOGGED and _PROTOCOL.fullmatch(value) is not None)


def _actors(names: _Names, thing: Finding | Incident) -> dict[str, Any]:
    return {
        "id": names.id(thing.id),
        "clients": _each(names.domain, thing.clients),
        "servers": _each(names.domain, thing.servers),
        "accounts": _each(names.account, thing.accounts),
    }


def _each(replace: Callable[[str], str], values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(replace, values)))


def _finding(names: _Names, finding: Finding) -> Finding:
    actors = _actors(names, finding)
    details = tuple(_detail(names, detail) for detail in finding.evidence.details)
    evidence = Evidence(terms=finding.evidence.terms, details=details, test=finding.evidence.test)
    known, own = set(_named(finding)), _remedies([finding])
    texts = {key: names.text(getattr(finding, key), known) for key in ("title", "summary")}
    texts["action"] = names.text(finding.action, known, own)
    return replace(finding, **(actors | texts | {"evidence": evidence}))


def _detail(names: _Names, detail: Detail) -> Detail:
    is_host = re.search("helo|domain|host|banner", detail.name) is not None
    replace = names.domain if is_host else names.any
    return Detail(
        name=detail.name,
        values=_each(lambda value: value if _kept(detail.name, value) else replace(value), detail.values),
    )


def _incident(names: _Names, incident: Incident, by_id: Mapping[str, Finding]) -> Incident:
    story = [by_id[i] for i in incident.findings if i in by_id]
    known = set(_named(incident)).union(*map(_named, story))
    update = _actors(names, incident) | {"findings": tuple(names.id(i) for i in incident.findings)}
    update["title"] = names.text(incident.title, known)
    update["narrative"] = names.text(incident.narrative, known, _remedies(story))
    return replace(incident, **update)


def _hosts(names: _Names, report: Report) -> dict[str, Any]:
    servers = tuple(replace(s, server=names.domain(s.server)) for s in report.posture.servers)
    roles = ({"host": names.domain(r.host), "reason": names.text(r.reason)} for r in report.roles)
    changed = tuple(
        replace(c, account=names.account(c.account), server=names.domain(c.server), why=names.id(c.why))
        for c in report.credentials_to_change
    )
    return {
        "posture": report.posture.model_copy(update={"servers": servers}),
        "roles": tuple(role.model_copy(update=new) for role, new in zip(report.roles, roles, strict=True)),
        "credentials_to_change": changed,
        "traffic": _traffic(names, report.traffic),
        "volumes": tuple(v.model_copy(update={"client": names.domain(v.client)}) for v in report.volumes),
    }


def _traffic(names: _Names, traffic: Traffic) -> Traffic:
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


def _texts(names: _Names, report: Report) -> dict[str, Any]:
    paths = {file.path for file in report.inputs.files}
    notes = tuple(map(names.text, report.coverage.notes))
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
        "coverage": report.coverage.model_copy(update={"notes": notes}),
        "inputs": report.inputs.model_copy(update={"files": files}),
        "errors": errors,
    }
