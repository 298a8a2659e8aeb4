"""Which findings make one incident: chains of one actor first, then campaigns, then weaknesses of one server."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from zeeksmtp.correlate._unions import Groups, occurrences
from zeeksmtp.correlate.campaigns import EXPOSURE, FROM_INSIDE, MAX_COMPARED, Behaviour, Behaviours, alike, tokens
from zeeksmtp.model import Detector, Finding, Hosts

Shares = Callable[[int], list[Hashable]]
"""What a finding, given by its number, has in common with others."""

QUIET = timedelta(days=7)
"""A weakness, or a wave of the same kind, is another one after so long without an event."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups `findings` (those that make incidents, by time).

    `link` is the longest pause between neighbours of one chain or campaign.
    """

    findings: Sequence[Finding]
    detectors: Mapping[str, Detector]
    hosts: Hosts
    behaviours: Behaviours
    link: timedelta

    def groups(self) -> list[list[Finding]]:
        """Return the groups, each in order of time."""
        joined = Groups(len(self.findings))
        self._join(joined, range(len(self.findings)), self._actors, self.link)
        self._join_campaigns(joined)
        self._join_weaknesses(joined)
        self._join_posture(joined)
        return [[self.findings[n] for n in group] for group in joined.members()]

    def _technique(self, number: int) -> str | None:
        return self.detectors[self.findings[number].detector].technique

    def _is_posture(self, number: int) -> bool:
        return self.detectors[self.findings[number].detector].stage is None

    def _actors(self, number: int) -> list[Hashable]:
        """Who acted: clients that speak for themselves, and accounts that were exposed or used (not merely tried)."""
        finding = self.findings[number]
        clients = [("client", client) for client in finding.clients if not self.hosts.is_shared(client)]
        if not self.detectors[finding.detector].compromises_credentials:
            return [*clients]
        accounts = [(server, account.lower()) for server in finding.servers for account in finding.accounts if account]
        return [*clients, *accounts]

    def _campaign(self, number: int) -> list[Hashable]:
        finding = self.findings[number]
        behaviour = self.behaviours.get(finding.id, Behaviour())
        return [*tokens(finding, self._technique(number), behaviour, self.hosts)]

    def _join(self, joined: Groups, members: Iterable[int], shares: Shares, link: timedelta) -> None:
        """Join members that share something, each with its nearest neighbour in time."""
        numbers = list(members)
        for sharers in occurrences(shares(number) for number in numbers).values():
            # By their start, each is compared with the one that ends last so far: that is its nearest neighbour.
            latest = numbers[sharers[0]]
            for item in sharers[1:]:
                number = numbers[item]
                if self._gap(latest, number) <= link:
                    joined.join(latest, number)
                if self.findings[number].last > self.findings[latest].last:
                    latest = number

    def _gap(self, one: int, other: int) -> timedelta:
        """Return the time between the nearer ends; zero if they overlap."""
        first, second = self.findings[one], self.findings[other]
        return max(timedelta(0), max(first.first, second.first) - min(first.last, second.last))

    def _join_campaigns(self, joined: Groups) -> None:
        attacks = [n for n in range(len(self.findings)) if self._technique(n) not in {None, *EXPOSURE}]
        inside = [n for n in attacks if self._technique(n) in FROM_INSIDE]
        # Neighbours of a bot are not suspect for their address alone: an outbreak is one of the same day.
        self._join(joined, inside, self._campaign, self.link)
        self._join(joined, [n for n in attacks if n not in inside], self._campaign, QUIET)
        targets = occurrences([(self._technique(n), server) for server in self.findings[n].servers] for n in attacks)
        for sharers in targets.values():
            if len(sharers) <= MAX_COMPARED:
                self._compare(joined, [attacks[item] for item in sharers])

    def _compare(self, joined: Groups, numbers: Sequence[int]) -> None:
        for place, number in enumerate(numbers):
            for other in numbers[place + 1 :]:
                near = joined.root(number) != joined.root(other) and self._gap(number, other) <= self.link
                if near and alike(self.findings[number], self.findings[other], self.behaviours):
                    joined.join(number, other)

    def _join_weaknesses(self, joined: Groups) -> None:
        """Join what went by in clear at one server; what is part of an attack stays there."""
        alone = [n for group in joined.members() if all(self._technique(n) in EXPOSURE for n in group) for n in group]
        self._join(joined, [n for n in alone if not self._is_posture(n)], self._campaign, QUIET)

    def _join_posture(self, joined: Groups) -> None:
        """Let findings about a server's posture belong to what it led to, else to each other."""
        groups = joined.members()
        posture = [group for group in groups if all(map(self._is_posture, group))]
        others = [group for group in groups if group not in posture]
        for group in posture:
            led_to = next((o for o in others if any(self._led_to(mine, n) for mine in group for n in o)), None)
            if led_to is not None:
                joined.join(group[0], led_to[0])
        left = [n for group in posture for n in group if all(map(self._is_posture, self._mates(joined, n)))]
        self._join(joined, left, lambda _: ["posture"], timedelta.max)

    def _led_to(self, posture: int, number: int) -> bool:
        same_server = set(self.findings[posture].servers) & set(self.findings[number].servers)
        return bool(same_server) and self._technique(posture) == self._technique(number) is not None

    def _mates(self, joined: Groups, number: int) -> list[int]:
        return next(group for group in joined.members() if number in group)
