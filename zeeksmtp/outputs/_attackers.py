"""The attackers outside of the site that a report names: what others are to block must be no host of its own."""

from __future__ import annotations

from ipaddress import ip_address

from zeeksmtp.model import Incident, Report
from zeeksmtp.outputs._events import is_address

MAX_ATTACKERS = 10_000


def attackers_of(report: Report) -> dict[str, tuple[Incident, ...]]:
    """Return each address in its usual form, in order, with its incidents, the gravest first.

    Where no host could be recognised as the site's own, every host looks like one outside: then there is none.
    """
    if report.coverage.unknown_site is not None:
        return {}
    found: dict[str, list[Incident]] = {}
    for incident in report.incidents:
        for address in filter(is_address, incident.attackers):
            found.setdefault(str(ip_address(address)), []).append(incident)
    order = sorted(found, key=lambda text: (ip_address(text).version, int(ip_address(text))))
    return {address: tuple(found[address]) for address in order[:MAX_ATTACKERS]}
