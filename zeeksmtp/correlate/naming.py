"""What an incident is called, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from zeeksmtp.model import Campaign, Finding, Hosts

_AT_SERVER = frozenset({"Cleartext authentication", "TLS downgrade", "STARTTLS stripping"})


def title_of(findings: Sequence[Finding], worst: Finding, campaign: Campaign | None, hosts: Hosts) -> str:
    """Return the title: that of the worst finding, or of the campaign where several sources act together."""
    if len(findings) == 1 or campaign is None:
        return worst.title
    target = _target(campaign, hosts)
    if campaign.technique in _AT_SERVER:
        accounts = {account for finding in findings for account in finding.accounts}
        what = _counted(len(accounts), "account") if accounts else _counted(campaign.source_count, "client")
        return f"{campaign.technique} {'with' if target.startswith('external') else 'at'} {target}: {what}"
    against = "" if campaign.technique in {"Outbound spam", "SMTP scan"} else f" against {target}"
    return f"{campaign.technique} by {_counted(campaign.source_count, 'source')}{against}"


def _target(campaign: Campaign, hosts: Hosts) -> str:
    if len(campaign.targets) == 1:
        return campaign.targets[0]
    outside = all(hosts.is_local(target) is False for target in campaign.targets)
    return f"{'external servers' if outside else f'{len(campaign.targets)} servers'}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def outcome_of(findings: Sequence[Finding], stages: Sequence[str]) -> str:
    """Return what came of it in one or two sentences; empty where the findings say it all."""
    return " ".join([*_disclosed(findings), *_logged_in(findings, stages)])


def _disclosed(findings: Sequence[Finding]) -> list[str]:
    asked = [finding for finding in findings if finding.detector == "user-enumeration"]
    if not asked:
        return []
    valid = {n for f in asked for d in f.evidence.details if d.name == "confirmed_names" for n in d.values}
    if not valid:
        return ["No address was confirmed."]
    return [f"{_counted(len(valid), 'address').replace('addresss', 'addresses')} confirmed as valid."]


def _logged_in(findings: Sequence[Finding], stages: Sequence[str]) -> list[str]:
    taken = sorted({a for f in findings if f.detector in {"guess-then-success", "account-abuse"} for a in f.accounts})
    if taken:
        shown = ", ".join(taken[:10]) + (f" and {len(taken) - 10} more" if len(taken) > 10 else "")
        return [f"Accounts taken over: {shown}."]
    return ["No login succeeded."] if "guessing" in stages else []
