"""What the operator knows and accepts: findings that config or state suppresses are counted, not shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from ipaddress import ip_address
from typing import TYPE_CHECKING

from zeeksmtp.model import Finding

if TYPE_CHECKING:
    from zeeksmtp.correlate.suppression import Suppression  # pydantic, which a list of findings must not wait for


def _in_network(finding: Finding, entry: Suppression) -> bool:
    network = entry.network
    return network is None or (bool(finding.clients) and all(ip_address(c) in network for c in finding.clients))


def bare_account(account: str) -> str:
    """Return an account without domain, in lower case."""
    return account.lower().rpartition("\\")[2].partition("@")[0]


def _is_of(finding: Finding, account: str) -> bool:
    """Return whether a finding is about this account alone: a spray that tried it, too, is not accepted with it."""
    return bool(finding.accounts) and all(account in {a.lower(), bare_account(a)} for a in finding.accounts)


def _matches(finding: Finding, entry: Suppression) -> bool:
    """Everything that the entry names must hold, for all clients and accounts of the finding.

    An account without domain stands for all its spellings.
    """
    return (
        entry.finding in {None, finding.id}
        and entry.detector in {None, finding.detector}
        and (entry.client is None or finding.clients == (str(entry.client),))
        and (entry.server is None or str(entry.server) in finding.servers)
        and (entry.account is None or _is_of(finding, entry.account.lower()))
        and _in_network(finding, entry)
    )


def suppress(
    findings: Sequence[Finding], entries: Sequence[Suppression], today: date
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return the findings that no entry matches, and the others. An entry ends on its `expires` day (UTC)."""
    valid = [entry for entry in entries if entry.expires is None or today < entry.expires]
    hidden = {f.id for f in findings if any(_matches(f, entry) for entry in valid)}
    return tuple(f for f in findings if f.id not in hidden), tuple(f for f in findings if f.id in hidden)
