"""More logs never lose an attack: what some logs show or suggest stays, or something that knows more stands for it.

A finding of a smaller set of logs keeps its id in the larger one, or is named in some `replaces`, or a detector that
declares to replace it has a finding of the same parties there; or the new logs show its sessions, and its clients took
part in no attack of that kind.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from evaluation.captures import BEHIND
from tests.e2e import _runs
from zeeksmtp.config import Settings
from zeeksmtp.model import Finding, Report
from zeeksmtp.pipeline import Request, detectors, logs, run

PACKAGE = frozenset({"smtp_session", "smtp_cmd", "smtp_auth"})
REPLACES = {detector.id: {detector.id, *detector.replaces} for detector in detectors()}


@cache
def _logs(name: str) -> frozenset[str]:
    return frozenset(logs()) & {file.stem for file in (_runs.CAPTURES / name / "tsv").glob("*.log")}


@cache
def _attackers(name: str, detector: str) -> frozenset[str]:
    """Return the clients of the recorded events that findings of `detector` are about."""
    events = json.loads((_runs.CAPTURES / name / "events.json").read_text(encoding="utf-8"))["events"]
    own = [event for event in events if any(detector in REPLACES[behind] for behind in BEHIND[event["kind"]])]
    return frozenset(event["client"] for event in own if event.get("client"))


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="zeeksmtp-logs-"))


@cache
def _report(name: str, chosen: frozenset[str]) -> Report:
    folder = _folder() / name / "-".join(sorted(chosen))
    folder.mkdir(parents=True, exist_ok=True)
    for log in chosen:
        shutil.copy(_runs.CAPTURES / name / "tsv" / f"{log}.log", folder)
    return run(Request((folder,), Settings()))


def _stands_for(better: Finding, finding: Finding) -> bool:
    same_servers = not finding.servers or not better.servers or set(finding.servers) & set(better.servers)
    return (
        finding.detector in REPLACES[better.detector]
        and bool(set(finding.clients) & set(better.clients))
        and bool(same_servers)
    )


def lost(name: str, smaller: Collection[Finding], larger: Collection[Finding]) -> list[Finding]:
    """Return the findings of attackers that the larger set of logs has in no form."""
    known = {f.id for f in larger} | {replaced for f in larger for replaced in f.replaces}
    return [
        finding
        for finding in smaller
        if finding.id not in known
        and set(finding.clients) & _attackers(name, finding.detector)
        and not any(_stands_for(better, finding) for better in larger)
    ]


@pytest.mark.parametrize("name", _runs.NAMES)
def test_the_package_loses_nothing_that_stock_logs_suggest(name: str) -> None:
    stock, every = _report(name, _logs(name) - PACKAGE), _report(name, _logs(name))
    assert lost(name, stock.findings, every.findings) == []


@given(data=st.data())
def test_no_log_loses_what_the_others_suggest(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(_runs.NAMES), label="capture")
    larger = data.draw(st.sets(st.sampled_from(sorted(_logs(name))), min_size=2), label="logs")
    left_out = data.draw(st.sets(st.sampled_from(sorted(larger)), min_size=1, max_size=len(larger) - 1), label="added")
    smaller = frozenset(larger - left_out)
    before, after = _report(name, smaller), _report(name, frozenset(larger))
    note(f"{name}: {sorted(smaller)} and {sorted(left_out)}")
    assert lost(name, before.findings, after.findings) == []


@pytest.mark.parametrize("name", _runs.NAMES)
def test_what_is_blind_finds_nothing(name: str) -> None:
    stock = _report(name, _logs(name) - PACKAGE)
    blind = {detector for detector, ability in stock.coverage.detectors.items() if ability == "blind"}
    assert not blind & {finding.detector for finding in stock.findings}
