"""Rows of a detector's plan become findings; findings name the credentials that must be changed."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from zeeksmtp.correlate.wording import JOINED, actions_of, fields_of, fill
from zeeksmtp.escaping import cut
from zeeksmtp.model import (
    Credential,
    Detail,
    Detector,
    Evidence,
    Finding,
    Hosts,
    SequentialTestResult,
    Severity,
    Term,
    alternatives,
    identity,
)

if TYPE_CHECKING:
    import polars as pl

_UNKNOWN_HOSTS = Hosts()
MAX_CHARACTERS = 4096
"""Of a logged text in a finding: eight times what RFC 5321 (4.5.3.1) allows a line of a command."""


def findings_of(
    detector: Detector, rows: pl.DataFrame, hosts: Hosts = _UNKNOWN_HOSTS, logs: Collection[str] = ()
) -> list[Finding]:
    """Make findings of the rows of a detector's plan (columns: `model.FINDING`).

    Args:
        detector: Where the rows come from.
        rows: One row per finding.
        hosts: Which hosts are the site's own: advice depends on it.
        logs: The logs that are there, for `basis`.
    """
    return [_worded(_finding(detector, row, logs), detector, hosts) for row in rows.iter_rows(named=True)]


def _basis(detector: Detector, visibility: str, logs: Collection[str]) -> tuple[str, ...]:
    inferred = visibility == "inferred" and detector.inferred_from
    named = detector.inferred_from if inferred else detector.required_logs
    return tuple(log for entry in named for log in alternatives(entry) if log in logs)


def root_actors(detector: Detector, rows: pl.DataFrame) -> dict[str, str]:
    """Return the root actor of each finding, by its id: the first part of its entity key."""
    return {identity(detector.id, tuple(key)): key[0] for key in rows["key"].to_list()}


def _finding(detector: Detector, row: Mapping[str, Any], logs: Collection[str]) -> Finding:
    visibility = row["visibility"] or "observed"
    return Finding(
        id=identity(detector.id, row["key"]),
        detector=detector.id,
        title="",
        severity=row["severity"],
        confidence=row["confidence"],
        visibility=visibility,
        basis=_basis(detector, visibility, logs),
        attack=row["attack"] or detector.attack,
        first=row["first"],
        last=row["last"],
        count=row["count"],
        clients=row["clients"],
        servers=row["servers"],
        accounts=_cut(row["accounts"]),
        evidence=_evidence(row),
        uids=row["uids"],
        summary="",
        action="",
    )


def _evidence(row: Mapping[str, Any]) -> Evidence:
    test = row["test"]
    return Evidence(
        terms=tuple(Term(name=t["name"], value=_number(t["value"]), weight=t["weight"] or 0.0) for t in row["terms"]),
        details=tuple(Detail(name=d["name"], values=_cut(d["values"])) for d in row["details"]),
        test=None if test is None or test["score"] is None else SequentialTestResult(**test),
    )


def _cut(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(cut(text, MAX_CHARACTERS) for text in texts)


def _number(value: float | None) -> int | float:
    """Return what a template can say; what is not known counts as none."""
    if value is None or not math.isfinite(value):
        return 0
    return int(value) if float(value).is_integer() else round(value, 4)


def _worded(finding: Finding, detector: Detector, hosts: Hosts) -> Finding:
    fields = fields_of(finding)
    steps = actions_of([(detector.actions, [finding])], hosts)
    joined = f"{fields[JOINED]:,} quieter findings in one: " if JOINED in fields else ""
    return finding.model_copy(
        update={
            "title": joined + fill(detector.title, fields),
            "summary": fill(detector.summary, fields),
            "action": " ".join(step.text for step in steps),
        }
    )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings: worst first, then by detector and entity."""
    return tuple(sorted(findings, key=lambda f: (-f.severity.rank, f.detector, f.clients, f.servers, f.accounts, f.id)))


def credentials_of(findings: Iterable[Finding], compromising: Collection[str], hosts: Hosts) -> tuple[Credential, ...]:
    """Return each account at each server that needs a new credential, with the finding that says why.

    `compromising` names the detectors whose accounts count; findings below medium (SCRAM) do not. Left out is what the
    site cannot change: accounts at outside servers, unless the site's own users hold them. What was only inferred makes
    it `probable`; an observed finding of the same account decides.
    """
    counted = (f for f in findings if f.detector in compromising and f.severity.rank >= Severity.MEDIUM.rank)
    due = {
        (account, server): Credential(
            account=account, server=server, last=f.last, why=f.id, probable=f.visibility == "inferred"
        )
        for f in sorted(counted, key=lambda f: (f.visibility == "observed", f.last, f.id))
        for account in f.accounts
        for server in f.servers
        if _is_ours(f, server, hosts)
    }
    return tuple(due[key] for key in sorted(due))


def _is_ours(finding: Finding, server: str, hosts: Hosts) -> bool:
    if hosts.is_local(server) is not False:
        return True
    return finding.symptom_of is None and any(hosts.is_local(client) is not False for client in finding.clients)
