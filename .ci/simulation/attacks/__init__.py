"""Attacks and misconfigurations by name: each adds what it does to a site, and says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulation.attacks import abuse, campaigns, evasive, exploits, exposure, guessing, hidden, recon
from simulation.made import Made
from simulation.seeds import Random
from simulation.site import Site

Attack = Callable[[Site, Made, Random], None]

ALL: Mapping[str, Attack] = {
    "enumeration": recon.enumeration,
    "slow-enumeration": recon.slow_enumeration,
    "distributed-enumeration": recon.distributed_enumeration,
    "oracle": recon.oracle,
    "ntlm-probe": recon.ntlm_probe,
    "scan-inside": recon.scan_inside,
    "slow-scan": recon.slow_scan,
    "scan-outside": recon.scan_outside,
    "relay-probe": recon.relay_probe,
    "open-relay": recon.open_relay,
    "exploit-accepted": exploits.exploit_accepted,
    "exploit-refused": exploits.exploit_refused,
    "smuggling-taken": hidden.smuggling_taken,
    "smuggling-ignored": hidden.smuggling_ignored,
    "starttls-injection": hidden.injection,
    "guessing": guessing.guessing,
    "slow-guessing": guessing.slow_guessing,
    "guessing-one-account": guessing.one_account,
    "guessing-site": guessing.site_wide,
    "spray": guessing.spray,
    "spray-shared": guessing.shared_spray,
    "timing-oracle": guessing.timing,
    "botnet": guessing.botnet,
    "guessing-unjudged": guessing.unjudged,
    "guess-success": guessing.success,
    "guessing-inside-tls": guessing.inside_tls,
    "password-abroad": exposure.password_abroad,
    "token": exposure.token,
    "challenge": exposure.challenge,
    "declined": exposure.declined,
    "stripped": exposure.stripped,
    "reuse": exposure.reuse,
    "clear-partner": exposure.clear_partner,
    "spam-bot": abuse.spam_bot,
    "slow-bot": abuse.slow_bot,
    "blocklisted": abuse.blocklisted,
    "taken-host": abuse.taken_host,
    "taken-account": abuse.taken_account,
    "many-networks": abuse.many_networks,
    "stealer": abuse.stealer,
    "growth": abuse.growth,
    "mail-bombing": abuse.bombing,
    "submission-bot": evasive.submission_bot,
    "hidden-stealer": evasive.hidden_stealer,
    "fresh-account": evasive.fresh_account,
}

MISCONFIGURATIONS = frozenset(
    {"password-abroad", "token", "challenge", "declined", "stripped", "reuse", "clear-partner"}
)
"""Those of `ALL` that nobody does to the site: users, devices and partners without TLS."""

CAMPAIGNS: Mapping[str, Attack] = {"harvest": campaigns.harvest, "chain": campaigns.chain}
"""Attacks in several steps or from several sources; sites suffer them only where they are asked for."""

_USUAL = dict.fromkeys(("guessing-site", "distributed-enumeration", "open-relay", "slow-enumeration", "slow-scan"), 1)
_MANY = dict.fromkeys(("stripped", "token", "challenge", "scan-inside", "oracle", "taken-account", "many-networks"), 4)
_MANY |= dict.fromkeys(("blocklisted", "taken-host", "stealer", "growth"), 4)
_MANY |= {"fresh-account": 4, "spray": 8, "guess-success": 8, "reuse": 16, "relay-probe": 3}
# What only lenient sites (three in five) can suffer, or only those whose Zeek tells equal passwords, comes oftener.


def usual() -> dict[str, int]:
    """Return how many of each a site of the evaluation suffers."""
    return dict.fromkeys(ALL, 2) | _USUAL | _MANY


SLOW = ("slow-enumeration", "slow-guessing", "slow-bot", "slow-scan")
"""Those that do one thing an hour."""


def inject(name: str, count: int, site: Site, made: Made) -> None:
    """Add an attack `count` times, each by a stream of chance of its own."""
    for number in range(count):
        {**ALL, **CAMPAIGNS}[name](site, made, site.random("attack", name, number))
