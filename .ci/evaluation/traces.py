"""What counts as having found an event, whichever detector speaks; and what stock logs cannot show at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from evaluation.matching import about, alarm_of
from simulation.truth import INFERRED, Event
from zeeksmtp.model import Finding, Severity

NO_TRACE: Mapping[str, str] = {
    "one password, two accounts": "only a hash of the password tells, and no stock log has one",
    "one account, many networks": (
        "no stock log names accounts, and a login that sends no mail is one session of each address, as the Internet's "
        "own guesses are"
    ),
    "STARTTLS stripped: masked": "the answer to EHLO is in no stock log, and these clients give up before any mail",
    "STARTTLS stripped: missing": "the answer to EHLO is in no stock log, and these clients give up before any mail",
    "STARTTLS stripped: refused": "the refusal is in no stock log, and these clients give up before any mail",
    "appliance in clear": "mail to the site's own port 25 needs no login, so nothing tells that there was one",
    "old client in clear, refused": "a login refused before it began is a short session, as a monitoring probe's is",
    "password in clear over the boundary, refused": "few refused logins are short sessions, as a probe's are",
    "device with an old password": (
        "refused logins are sessions without mail; those that come by the clock are taken for a device and not reported"
    ),
    "smuggled mail, taken": "a second mail of a session is no oddity; that it was not waited for is in smtp_cmd.log",
    "smuggled mail, not split": "as of one that was taken",
    "commands behind STARTTLS": "smtp.log has no commands but those of mails, and STARTTLS itself",
    "botnet, quiet hosts": "how they speak is in no stock log, and a try or two are what the Internet does all day",
    "delays that tell accounts": "stock logs have neither commands nor their latency",
    "oracle": "replies to VRFY and EXPN are in no stock log; the enumeration itself is found",
    "passwords requested in clear": "what a server offers is in its answer to EHLO, which no stock log has",
    "NTLM probe": "the challenge is in no stock log; a session that ends with it is as short as the Internet's",
    "STARTTLS not used": "what a server offers is in its answer to EHLO, which no stock log has",
}
"""Kinds of events that leave no trace in stock logs, and why."""

_COMPANIONS = frozenset(
    {
        *("starttls-declined", "cleartext-mail", "auth-offered-in-clear", "enumeration-oracle"),
        *(
            "smtp-scan",
            "slow-growth",
            "tls-weak",
            "certificate-expiry",
            "cleartext-credentials",
            "cleartext-submission",
        ),
    }
)
"""Detectors that may name the parties of an event without having found it: a bot is no scanner that sends no mail."""


@dataclass
class Kind:
    """How often a kind of event happened, and by set of logs which of them were found and after how many hours."""

    events: int = 0
    malicious: bool = False
    seen: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    missed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    hours: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def found(self, logs: str) -> int:
        """Return how many were found with a set of logs."""
        return len(self.seen[logs])

    def lost(self, fewer: str, more: str) -> list[str]:
        """Return the events that were found with fewer logs and missed with more."""
        return sorted(self.seen[fewer] - self.seen[more])


def add_found(
    kinds: dict[str, Kind], logs: str, findings: Iterable[Finding], events: Iterable[Event], seed: int
) -> None:
    """Count events of a site that any detector found with a set of logs."""
    by_detector: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_detector[finding.detector].append(finding)
    for number, event in enumerate(events):
        if event.must:
            kind = kinds.setdefault(event.kind, Kind(malicious=event.malicious))
            named = [f for name in naming(event) for f in by_detector[name] if _counts(f, event) and about(f, event)]
            if named:
                kind.seen[logs].add(f"seed {seed}, event {number}: {event.described()}")
                kind.hours[logs].append(max(0.0, (min(map(alarm_of, named)) - event.start).total_seconds() / 3600))
            else:
                kind.missed[logs].append(f"seed {seed}: {event.described()}")


def _counts(finding: Finding, event: Event) -> bool:
    """Return whether a finding is worth a look; of events that are merely worth knowing, whether it is there."""
    least = min((severity.rank for severity in event.must.values()), default=0)
    return finding.severity.rank >= min(least, Severity.LOW.rank)


def naming(event: Event) -> frozenset[str]:
    """Return the detectors whose finding about its parties means that an event was found."""
    inferring = {name for name, observed in INFERRED.items() if observed & event.must.keys()}
    return (event.may - _COMPANIONS) | event.must.keys() | inferring
