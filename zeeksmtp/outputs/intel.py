"""Intel: the attackers outside of the site, as a file of Zeek's Intelligence Framework.

An address is there if an incident shows it to be an attacker (`attackers` in the JSON form): never one of the site's
own, and none of hosts that were merely talked to.
"""

from __future__ import annotations

from zeeksmtp.escaping import cut, plain, zeek
from zeeksmtp.model import Incident, Output, Report, View
from zeeksmtp.outputs._attackers import attackers_of

COLUMNS = ("indicator", "indicator_type", "meta.source", "meta.desc", "meta.url")
MAX_TITLE_CHARACTERS = 160
_UNKNOWN_SITE = "# No indicators: none of the hosts is known to be the site's own; set local_nets."


def render(report: Report, _view: View) -> str:
    """Render a line for each attacker, in order of addresses; of several incidents the gravest describes it."""
    lines = ["#fields\t" + "\t".join(COLUMNS)]
    lines += [_UNKNOWN_SITE] * (report.coverage.unknown_site is not None)
    lines += [_line(address, incidents[0]) for address, incidents in attackers_of(report).items()]
    return "".join(f"{line}\n" for line in lines)


def _line(address: str, incident: Incident) -> str:
    title = cut(plain(incident.title), MAX_TITLE_CHARACTERS)
    about = f"{incident.severity}: {title} (incident {incident.id}, last {incident.last:%Y-%m-%d})"
    return "\t".join((address, "Intel::ADDR", "zeeksmtp", zeek(about), "-"))


OUTPUT = Output("intel", "attackers outside of the site, for Zeek's Intelligence Framework", render)
