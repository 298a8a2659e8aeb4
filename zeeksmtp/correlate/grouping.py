"""Which findings make one incident: chains of one actor, campaigns of several, weaknesses of one kind, posture."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from zeeksmtp.correlate._unions import Groups, occurrences
from zeeksmtp.correlate.campaigns import EXPOSURE, MAX_COMPARED, Behaviour, Behaviours, alike, tokens
from zeeksmtp.model import Detector, Finding, Hosts

CAMPAIGN_GAP = timedelta(days=7)
"""A campaign from outside, or a weakness, is another one after so long without an event; the same pause makes a
finding new again."""

Shares = Callable[[int], Iterable[Hashable]]
"""What a finding, given by its number, has in common with others."""


def pause(one: tuple[datetime, datetime], other: tuple[datetime, datetime]) -> timedelta:
    """Return the time between the nearer ends of two spans; zero if they overlap."""
    return max(timedelta(0), max(one[0], other[0]) - min(one[1], other[1]))


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups `findings`, which are in order of time. `link` is the longest pause within one chain of events."""

    findings: Sequence[Finding]
    detectors: Mapping[str, Detector]
    hosts: Hosts
    behaviours: Behaviours
    link: timedelta

    def groups(self) -> list[list[Finding]]:
        """Return the groups, each in order of time."""
        joined = Groups(len(self.findings))
        numbers = range(len(self.findings))
        events = [n for n in numbers if self._detector(n).stage is not None]
        self._join(joined, events, self._actors, self.link)
        self._join_campaigns(joined, [n for n in events if self._technique(n) not in EXPOSURE])
        self._join_weaknesses(joined)
        self._join_posture(joined, events, [n for n in numbers if n not in set(events)])
        return [[self.findings[n] for n in group] for group in joined.members()]

    def _detector(self, number: int) -> Detector:
        return self.detectors[self.findings[number].detector]

    def _technique(self, number: int) -> str | None:
        return self._detector(number).technique

    def _actors(self, number: int) -> Iterable[Hashable]:
        """Yield who acted: clients that speak for themselves, and accounts that were exposed or used, not merely tried.

        Two attackers who tried the same account do not join; the one who got in, and whoever used it then, do.
        """
        finding = self.findings[number]
        yield from (("client", client) for client in finding.clients if not self.hosts.is_shared(client))
        if self._detector(number).compromises_credentials:
            accounts = [account.lower() for account in finding.accounts if account]
            yield from ((server, account) for server in finding.servers for account in accounts)

    def _campaign(self, number: int) -> Iterable[Hashable]:
        finding = self.findings[number]
        return tokens(finding, self._technique(number), self.behaviours.get(finding.id, Behaviour()), self.hosts)

    def _join(self, joined: Groups, members: Sequence[int], shares: Shares, link: timedelta) -> None:
        """Join members that share something, each with its nearest neighbour in time."""
        for sharers in occurrences(shares(number) for number in members).values():
            # By their start, each is compared with the one that ends last so far: that is its nearest neighbour.
            latest = members[sharers[0]]
            for number in (members[place] for place in sharers[1:]):
                if self._gap(latest, number) <= link:
                    joined.join(latest, number)
                if self.findings[number].last > self.findings[latest].last:
                    latest = number

    def _gap(self, one: int, other: int) -> timedelta:
        first, second = self.findings[one], self.findings[other]
        return pause((first.first, first.last), (second.first, second.last))

    def _join_campaigns(self, joined: Groups, attacks: Sequence[int]) -> None:
        self._join(joined, attacks, self._campaign, CAMPAIGN_GAP)
        targets = occurrences([(self._technique(n), server) for server in self.findings[n].servers] for n in attacks)
        for sharers in targets.values():
            if len(sharers) <= MAX_COMPARED:
                self._compare(joined, [attacks[place] for place in sharers])

    def _compare(self, joined: Groups, numbers: Sequence[int]) -> None:
        for one, other in combinations(numbers, 2):
            near = joined.root(one) != joined.root(other) and self._gap(one, other) <= self.link
            if near and alike(self.findings[one], self.findings[other], self.behaviours):
                joined.join(one, other)

    def _join_weaknesses(self, joined: Groups) -> None:
        """Join what went by in clear; what is part of an attack on one account stays there."""
        alone = [n for group in joined.members() if all(self._technique(n) in EXPOSURE for n in group) for n in group]
        self._join(joined, [n for n in alone if self._detector(n).stage is not None], self._campaign, CAMPAIGN_GAP)

    def _join_posture(self, joined: Groups, events: Sequence[int], posture: Sequence[int]) -> None:
        """Let a weakness of a server belong to what it led to, else to what befell that server; the rest is one."""
        left = []
        for number in posture:
            at_server = [event for event in events if self._same_server(number, event)]
            led_to = [event for event in at_server if self._technique(event) == self._technique(number)]
            if owner := (led_to or at_server)[:1]:
                joined.join(number, owner[0])
            else:
                left.append(number)
        for number in left[1:]:
            joined.join(left[0], number)

    def _same_server(self, one: int, other: int) -> bool:
        return bool(set(self.findings[one].servers) & set(self.findings[other].servers))
