"""What the forms for people say of one incident or finding in full. Raw, like `phrases`: each form escapes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from zeeksmtp.model import Campaign, Finding, HostName, Incident, ReadySettings
from zeeksmtp.rendering.phrases import (
    counted,
    evidence,
    name,
    names,
    score,
    sentence,
    small_print,
    span,
    stamp,
    title,
    who,
)
from zeeksmtp.report.entries import EntrySource

MAX_LISTED = 100
"""Sources, names or sessions in one line; no list of a report has more."""
MAX_NAMED_HOSTS = 10
SOURCES = {
    "asset": "asset list",
    "banner": "banner",
    "dns": "DNS",
    "sni": "TLS server name",
    "helo": "HELO",
    "mmdb": "network database",
}
"""Where a name of a host comes from, in words."""


def facts(incident: Incident, report: EntrySource) -> list[tuple[str, str]]:
    """Return label and text of each fact: who, when, what came of it, the campaign, symptoms, stages, score."""
    symptoms = ", ".join(f"{count:,} {detector}" for detector, count in incident.symptoms.items())
    pairs = [
        ("Who", who(incident, MAX_NAMED_HOSTS)),
        ("When", f"{span(incident.first, incident.last)} UTC"),
        ("Outcome", sentence(incident.outcome)),
        *(_campaign(incident.campaign) if incident.campaign else ()),
        ("Symptoms", symptoms),
        ("Stages", " > ".join(incident.stages)),
        ("Score of 100", score(incident)),
        ("State", incident.state or ""),
        ("Host names", host_names(incident, report)),
        ("Id", incident.id),
    ]
    return [(label, text) for label, text in pairs if text]


def long_lists(incident: Incident) -> list[tuple[str, str]]:
    """Return label and text of the lists that `facts` cuts, in full."""
    networks = incident.campaign.networks if incident.campaign else ()
    sides = {"Clients": incident.clients, "Servers": incident.servers, "Accounts": incident.accounts}
    lists = {**sides, "Networks": networks}
    return [(label, names(values, len(values))) for label, values in lists.items() if len(values) > MAX_NAMED_HOSTS]


def _campaign(campaign: Campaign) -> Iterable[tuple[str, str]]:
    in_networks = f" in {counted(len(campaign.networks), 'network')}" if campaign.networks else ""
    yield "Campaign", f"{campaign.technique} by {counted(campaign.source_count, 'source')}{in_networks}"
    yield "Sources", _some(campaign.sources, campaign.source_count)
    yield "Networks", names(campaign.networks, MAX_NAMED_HOSTS)
    yield "Targets", names(campaign.targets, MAX_NAMED_HOSTS)


def _some(values: Sequence[str], count: int) -> str:
    more = count - len(values[:MAX_NAMED_HOSTS])
    return ", ".join(map(name, values[:MAX_NAMED_HOSTS])) + (f" and {more:,} more" if more > 0 else "")


def timeline(incident: Incident, report: EntrySource) -> list[tuple[str, str]]:
    """Return time and text of each step; the text begins with the title of its finding, which says who did it."""
    titles = {finding.id: f"{title(finding)}. " for finding in report.findings}
    return [(stamp(e.time), f"{titles.get(e.finding, '')}{sentence(e.text)}") for e in incident.timeline]


def actions(incident: Incident, owner: Literal["site", "outside"]) -> list[str]:
    """Return the steps of one owner."""
    return [sentence(action.text) for action in incident.actions if action.owner == owner]


def heading(settings: ReadySettings) -> str:
    """Return what settings are for, on which software and hosts, and where they go."""
    hosts = f" on {names(settings.hosts, MAX_NAMED_HOSTS)}" if settings.hosts else ""
    return f"{settings.purpose}: {settings.software}{hosts}, {settings.where}"


def next_step(thing: Incident | Finding) -> str:
    """Return the first thing to do: by the site, if it can do anything."""
    if isinstance(thing, Finding):
        return sentence(thing.action)
    return next(iter([*actions(thing, "site"), *actions(thing, "outside")]), "")


def members(incident: Incident, report: EntrySource) -> list[Finding]:
    """Return an incident's own findings in order of time, as far as the report has them."""
    known = {finding.id: finding for finding in report.findings}
    return [known[id_] for id_ in incident.findings if id_ in known]


def proof(finding: Finding) -> list[str]:
    """Return all of a finding's evidence, a line for each kind, and how sure it is."""
    return [*evidence(finding.evidence, MAX_LISTED), small_print(finding)]


def host_names(thing: Incident | Finding, report: EntrySource) -> str:
    """Return the names of its hosts, as the logs have them."""
    hosts = list(dict.fromkeys(host for host in (*thing.clients, *thing.servers) if host in report.hosts))
    shown = [f"{name(host)} is {named(report.hosts[host])}" for host in hosts[:MAX_NAMED_HOSTS]]
    more = len(hosts) - len(shown)
    return "; ".join(shown + [f"{more:,} more"] * (more > 0))


def named(names_of_host: Sequence[HostName]) -> str:
    """Return the names of one host, each with where it comes from."""
    origins: dict[str, list[str]] = {}
    for known in names_of_host:
        origins.setdefault(known.name, []).append(_origin(known))
    return ", ".join(f"{name(one)} ({', '.join(each)})" for one, each in origins.items())


def _origin(known: HostName) -> str:
    more = (("owner", known.owner), ("contact", known.contact), ("role", known.role))
    return "; ".join([SOURCES[known.source], *(f"{label} {name(value)}" for label, value in more if value)])
