"""What is judged and shown: one line's worth at once, what takes counts in periodic, each finding once; all bounded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.watch.conftest import CAPTURES
from zeeksmtp.config import Settings
from zeeksmtp.correlate.suppression import Suppression
from zeeksmtp.dtypes import schema_of
from zeeksmtp.engine.local import ENGINE
from zeeksmtp.ingest import scan
from zeeksmtp.model import Confidence, Evidence, Finding, Severity
from zeeksmtp.pipeline import Request, logs, run
from zeeksmtp.reading.discover import find
from zeeksmtp.watch import dedup
from zeeksmtp.watch.dedup import Deduplicator
from zeeksmtp.watch.folder import Rows
from zeeksmtp.watch.per_line import PerLineDetection
from zeeksmtp.watch.periodic import PeriodicDetection, WatchEnded
from zeeksmtp.watch.rolling_lake import RollingLake

Recorded = Callable[[str], Rows]


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """Return a function that gives the rows of a recorded capture."""

    def rows(capture: str) -> Rows:
        lake = tmp_path / capture
        ENGINE.ingest(find([CAPTURES / capture / "tsv"]).sources, lake)
        frames = {name: scan(lake, log).collect() for name, log in logs().items()}
        return {name: frame for name, frame in frames.items() if len(frame)}

    return rows


@pytest.mark.parametrize(
    ("capture", "log", "row", "detector"),
    [
        ("auth_plain_initial", "smtp_auth", pl.col("user") == "alice", "cleartext-credentials"),
        ("auth_tokens_hashes", "smtp_auth", pl.col("mechanism") == "XOAUTH2", "cleartext-token"),
        ("auth_cram_md5", "smtp_auth", pl.col("mechanism") == "CRAM-MD5", "crackable-auth"),
        ("vrfy_scan", "smtp_cmd", pl.col("command") == "VRFY", "user-enumeration"),
        ("expn_scan", "smtp_cmd", pl.col("command") == "EXPN", "user-enumeration"),
        ("blocklist_refusals", "smtp_cmd", pl.col("reply_msg").str.contains("blocked"), "blocklisted-sender"),
        (
            "starttls_stripped",
            "smtp_session",
            pl.col("capabilities").list.eval(pl.element().str.starts_with("XXX")).list.any(),
            "starttls-stripped",
        ),
    ],
)
def test_one_line_is_enough(recorded: Recorded, capture: str, log: str, row: pl.Expr, detector: str) -> None:
    """A single row of a single log gives the finding, and nothing else is made of it."""
    line = recorded(capture)[log].filter(row).head(1)
    judged = PerLineDetection(Settings(), ENGINE).detect({log: line})
    assert (len(line), [f.detector for f in judged.findings], judged.problems) == (1, [detector], [])


@pytest.mark.parametrize("capture", ["auth_login_ok", "mixed_office_day", "starttls_stripped", "vrfy_scan"])
def test_ids_are_those_of_the_report(recorded: Recorded, capture: str) -> None:
    """Whoever reads both can tell that it is the same finding."""
    there = {f.id for f in run(Request((CAPTURES / capture / "tsv",), Settings())).findings}
    found = {f.id for f in PerLineDetection(Settings(), ENGINE).detect(recorded(capture)).findings}
    assert found
    assert found <= there


@pytest.mark.parametrize("capture", ["legit_relay", "smtps_465"])
def test_innocent_mail_gives_nothing(recorded: Recorded, capture: str) -> None:
    """Recipients that do not exist and servers without STARTTLS are no finding of one line."""
    assert PerLineDetection(Settings(), ENGINE).detect(recorded(capture)).findings == []


def test_recipients_take_counts(recorded: Recorded) -> None:
    """Dead recipients of one sender may be bounces that a relay passes on: who is one, only a round can tell."""
    report = run(Request((CAPTURES / "rcpt_scan" / "tsv",), Settings()))
    assert "user-enumeration" in {f.detector for f in report.findings}
    found = PerLineDetection(Settings(), ENGINE).detect(recorded("rcpt_scan")).findings
    assert "user-enumeration" not in {f.detector for f in found}


def test_what_the_config_suppresses_is_not_shown(recorded: Recorded) -> None:
    """As in the report."""
    settings = Settings(suppress=(Suppression(account="alice", reason="known"),))
    names = {f.accounts for f in PerLineDetection(settings, ENGINE).detect(recorded("auth_plain_initial")).findings}
    assert ("bob",) in names
    assert ("alice",) not in names


def test_an_account_is_joined_by_an_earlier_greeting(recorded: Recorded) -> None:
    """The server named itself in an earlier session: the finding has the id that the report will give."""
    rows = recorded("auth_plain_initial")
    carol = rows["smtp_auth"].filter(pl.col("user") == "carol@corp.example")
    per_line = PerLineDetection(Settings(), ENGINE)
    stranger = per_line.detect({"smtp_auth": carol}).findings
    per_line.detect({"smtp_session": rows["smtp_session"]})
    known = per_line.detect({"smtp_auth": carol}).findings
    assert known[0].id in {f.id for f in run(Request((CAPTURES / "auth_plain_initial" / "tsv",), Settings())).findings}
    assert stranger[0].id != known[0].id
    shown_before = Deduplicator(1)
    assert len(shown_before.new_among(stranger)) == 1
    assert shown_before.new_among(known) == [], "the same password under another id"


def finding(number: int, severity: Severity = Severity.LOW, last: datetime | None = None) -> Finding:
    """Make a finding."""
    moment = last or datetime(2026, 11, 23, tzinfo=UTC)
    return Finding(
        id=f"{number:016x}",
        detector="test",
        title="t",
        severity=severity,
        confidence=Confidence.HIGH,
        attack=(),
        first=moment,
        last=moment,
        count=1,
        clients=(),
        servers=(),
        accounts=(),
        evidence=Evidence(),
        uids=(),
        summary="s",
        action="a",
    )


def test_a_finding_is_shown_once_and_when_it_gets_worse() -> None:
    """Not with each count, and not when it gets better and worse again."""
    shown_before = Deduplicator(1)
    shown = [
        bool(shown_before.new_among([finding(1, Severity(s))]))
        for s in ("low", "low", "high", "low", "high", "critical")
    ]
    assert shown == [True, False, True, False, False, True]


def test_what_was_there_before_is_shown_when_something_is_added() -> None:
    """Lines from before the watch are not shown, but do not hide what comes."""
    shown_before, old = Deduplicator(1), finding(1)
    shown_before.mark_known([old])
    assert shown_before.new_among([old]) == []
    assert len(shown_before.new_among([finding(1, last=old.last + timedelta(seconds=1))])) == 1


def test_what_did_not_recur_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not heard of for long is forgotten, and so is the oldest of too many."""
    now = [0.0]
    monkeypatch.setattr(dedup.time, "monotonic", lambda: now[0])
    shown_before = Deduplicator(hours=1)
    assert shown_before.new_among([finding(1)])
    now[0] = 3601.0
    assert shown_before.new_among([finding(2)])
    assert shown_before.new_among([finding(1)])
    monkeypatch.setattr(dedup, "_MAX_SHOWN", 10)
    shown_before.new_among([finding(n) for n in range(100)])
    assert len(shown_before._shown) == 10


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Path]:
    """Return a folder for the window's lake; all files in it must be closed to others."""
    yield tmp_path / "lake"
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "lake").rglob("*.parquet")} <= {0o600}


def test_the_window_moves_on(recorded: Recorded, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of an hour share a part; parts go when all their rows are too old, or when there are too many rows."""
    now = [0.0]
    monkeypatch.setattr("zeeksmtp.watch.rolling_lake.time.monotonic", lambda: now[0])
    rows = {"smtp_cmd": recorded("vrfy_scan")["smtp_cmd"]}
    each = len(rows["smtp_cmd"])
    window = RollingLake(lake, 2, ENGINE, max_rows=each * 4)

    def kept() -> tuple[int, int]:
        return len(list(lake.rglob("*.parquet"))), len(scan(lake, logs()["smtp_cmd"]).collect())

    seen = []
    for moment in (0, 1800, 3601, 7300, 10802, 50000):
        now[0] = moment
        window.add(rows)
        seen.append(kept())
    assert seen == [(1, each), (1, 2 * each), (2, 3 * each), (3, 4 * each), (2, 3 * each), (1, each)]
    for _ in range(9):
        now[0] += 4000
        window.add(rows)
    assert kept()[1] <= 4 * each


def test_a_round_finds_what_takes_counts(recorded: Recorded, tmp_path: Path) -> None:
    """Over rows that came bit by bit; a round is due after a while, or early when many rows wait."""
    rows = recorded("brute_force_hydra")
    with PeriodicDetection(Settings(), tmp_path, 24, every=0) as periodic:
        periodic.add({"smtp_auth": rows["smtp_auth"][:40]})
        first = awaited(periodic)
        assert periodic.result() is None
        periodic.add({**rows, "smtp_auth": rows["smtp_auth"][40:]})
        second = awaited(periodic)
    assert {f.id for f in second} >= {f.id for f in first}
    assert "password-guessing" in {f.detector for f in second}
    assert second == run(Request((CAPTURES / "brute_force_hydra" / "tsv",), Settings())).findings


def awaited(periodic: PeriodicDetection) -> tuple[Finding, ...]:
    """Wait for the round under way."""
    for _ in range(600):
        report = periodic.result()
        if report is not None:
            assert report.errors == ()
            return report.findings
        time.sleep(0.05)
    raise AssertionError("no round ended")


def test_the_end_does_not_wait_for_a_round(recorded: Recorded, tmp_path: Path) -> None:
    """It is given up at its next plan, and nothing of it is reported."""
    with PeriodicDetection(Settings(), tmp_path, 24, every=0) as periodic:
        periodic.add(recorded("brute_force_hydra"))
    with pytest.raises(WatchEnded):
        periodic.result()


def test_too_many_rows_make_the_reader_wait(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded also where a whole archive is read from its start."""
    monkeypatch.setattr("zeeksmtp.watch.periodic._MAX_WAITING_ROWS", 10)
    rows = recorded("vrfy_scan")
    with PeriodicDetection(Settings(), tmp_path, 24, every=3600) as periodic:
        periodic.add(rows)
        periodic.add(rows)
        assert periodic.full
        awaited(periodic)
        assert not periodic.full


def test_certificates_alone_prove_nothing(recorded: Recorded) -> None:
    """x509.log names no server, so nothing of it is about one."""
    row = {column.name: None for column in logs()["x509"].columns} | {"ts": datetime(2026, 11, 2, tzinfo=UTC)}
    detection = PerLineDetection(Settings(), ENGINE)
    certificates = pl.DataFrame([row], schema=schema_of(logs()["x509"].columns))
    assert detection.detect({"x509": certificates}).findings == []
    assert detection.detect({**recorded("vrfy_benign_admin"), "x509": certificates}).problems == []
