"""The recorded traffic: every event by the detectors that are behind it, and who else is named."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from evaluation.logsets import LOG_SETS, STOCK
from simulation.truth import INFERRED
from simulation.units import CAPTURES
from zeeksmtp.config import Settings
from zeeksmtp.model import Finding, Severity
from zeeksmtp.pipeline import Request, run

Json = dict[str, Any]

BEHIND = {
    "cleartext": {"cleartext-credentials", "cleartext-token", "crackable-auth"},
    "enumeration": {"user-enumeration"},
    "guessing": {"password-guessing", "password-spray"},
    "spray": {"password-guessing", "password-spray"},
    "outbound": {"new-direct-sender", "mass-mailing"},
    "stripped": {"starttls-stripped"},
    "abuse": {"account-abuse"},
    "blocklisted": {"blocklisted-sender"},
    "exfiltration": {"credential-exfiltration"},
    "relay": {"relay-probe"},
    "reuse": {"password-reuse"},
    "scan": {"smtp-scan"},
    "stale": {"stale-password"},
}
"""Kind of an event -> detectors one of which must find it."""


@dataclass
class Recorded:
    """What was found in all captures: events by kind, found, found with the right account, found with stock logs."""

    kinds: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))
    missed: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    accused: list[str] = field(default_factory=list)
    benign: int = 0
    count: int = 0


def recorded() -> Recorded:
    """Report on every capture."""
    result = Recorded()
    for folder in sorted(path.parent for path in CAPTURES.glob("*/tsv")):
        truth = json.loads((folder / "events.json").read_text(encoding="utf-8"))
        findings = run(Request((folder / "tsv",), Settings())).findings
        result.count += 1
        _add(result, folder.name, truth, findings)
        stock = tuple(log for log in sorted((folder / "tsv").glob("*.log")) if LOG_SETS[STOCK](log.stem))
        _add_stock(result, folder.name, truth, run(Request(stock, Settings())).findings)
    return result


def _add_stock(result: Recorded, name: str, truth: Json, findings: tuple[Finding, ...]) -> None:
    for event in truth["events"]:
        behind = BEHIND[event["kind"]]
        behind = behind | {inferring for inferring, observed in INFERRED.items() if observed & behind}
        if any(f.detector in behind and _ends(f, event) for f in findings):
            result.kinds[event["kind"]][3] += 1
        else:
            result.unseen.append(f"{name}: {', '.join(map(str, event.values()))}")
    result.accused += [f"{name}, stock logs: {line}" for line in _worth(truth, findings)]


def _add(result: Recorded, name: str, truth: Json, findings: tuple[Finding, ...]) -> None:
    for event in truth["events"]:
        ends = [f for f in findings if f.detector in BEHIND[event["kind"]] and _ends(f, event)]
        named = [f for f in ends if event.get("account") in (None, *f.accounts)]
        counts = result.kinds[event["kind"]]
        counts[0] += 1
        counts[1] += bool(ends)
        counts[2] += bool(named)
        if not named:
            what = "found, but the logs have another name" if ends else "missed"
            result.missed.append(f"{name}: {what}: {', '.join(map(str, event.values()))}")
    result.benign += len(truth["hosts"].keys() - _guilty(truth))
    result.accused += [f"{name}: {line}" for line in _worth(truth, findings)]


def _guilty(truth: Json) -> set[str]:
    return {event["client"] for event in truth["events"] if event.get("client")}


def _worth(truth: Json, findings: tuple[Finding, ...]) -> list[str]:
    """Return the findings of medium or above that name an innocent client."""
    guilty = _guilty(truth)
    worth = [f for f in findings if f.severity.rank >= Severity.MEDIUM.rank and not set(f.clients) <= guilty]
    return [f"{f.severity} {f.title}" for f in worth]


def _ends(finding: Finding, event: Json) -> bool:
    return event.get("client") in (None, *finding.clients) and event.get("server") in (None, *finding.servers)
