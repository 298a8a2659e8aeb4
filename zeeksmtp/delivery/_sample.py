"""A report that says of itself that it is a test: what `zeeksmtp notify test` sends."""

from __future__ import annotations

from datetime import datetime

import zeeksmtp.outputs
from zeeksmtp import __version__, registry
from zeeksmtp.envelope import Envelope
from zeeksmtp.model import (
    Action,
    Coverage,
    Evidence,
    Finding,
    Incident,
    Inputs,
    Posture,
    Report,
    Run,
    Severity,
    TimelineEntry,
    Totals,
    UsedSettings,
    View,
    identity,
)

SUBJECT = "zeeksmtp: test of delivery, no incident"
_TITLE = "Test of delivery: nothing has happened"
_SUMMARY = "This is a test that somebody started with `zeeksmtp notify test`. 192.0.2.1 and 192.0.2.25 are no hosts."
_ACTION = "Nothing is to be done."


def sample_envelope(now: datetime) -> Envelope:
    """Return an envelope with one incident of severity info; its ids are the same in each test."""
    report = _report(now)

    def render(format_: str, view: View) -> str:
        text: str = registry.unit(zeeksmtp.outputs, format_, "OUTPUT").render(report, view)
        return text

    return Envelope(identity("notify test", now.isoformat()), SUBJECT, lambda: report, render, test=True)


def _report(now: datetime) -> Report:
    finding = _finding(now)
    return Report(
        run=Run(version=__version__, generated=now, seconds=0),
        window=None,
        inputs=Inputs(files=(), totals=Totals(files=0, lines=0, kept=0, skipped=0, rejected=0)),
        coverage=Coverage(logs={}, notes=()),
        posture=Posture(servers=(), sessions=0, tls_sessions=None),
        roles=(),
        credentials_to_change=(),
        volumes=(),
        settings=UsedSettings(alpha=1e-6, false_discovery_rate=0.01, trials=0, suppressed=0),
        findings=(finding,),
        incidents=(_incident(finding),),
        errors=(),
    )


def _finding(now: datetime) -> Finding:
    return Finding(
        id=identity("notify test", "finding"),
        state="new",
        detector="test",
        title=_TITLE,
        severity=Severity.INFO,
        confidence="high",
        attack=(),
        first=now,
        last=now,
        count=1,
        clients=("192.0.2.1",),
        servers=("192.0.2.25",),
        accounts=(),
        evidence=Evidence(),
        uids=(),
        summary=_SUMMARY,
        action=_ACTION,
    )


def _incident(finding: Finding) -> Incident:
    return Incident(
        id=identity("notify test", "incident"),
        state="new",
        title=finding.title,
        severity=finding.severity,
        score=0,
        score_parts={},
        stages=(),
        first=finding.first,
        last=finding.last,
        clients=finding.clients,
        servers=finding.servers,
        accounts=(),
        findings=(finding.id,),
        outcome="",
        timeline=(TimelineEntry(time=finding.first, finding=finding.id, text=_SUMMARY),),
        actions=(Action(owner="site", text=_ACTION),),
        uids=(),
    )
