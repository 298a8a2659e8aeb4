"""What is judged and shown: one line's worth at once, what takes counts in rounds, each finding once; all bounded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.watch.conftest import CAPTURES
from zeeksmtp.config import Settings, Suppression
from zeeksmtp.engine.local import ENGINE
from zeeksmtp.ingest import scan
from zeeksmtp.logs._discover import find
from zeeksmtp.model import Confidence, Evidence, Finding, Severity
from zeeksmtp.pipeline import Request, logs, run
from zeeksmtp.watch import news as news_module
from zeeksmtp.watch.folder import Rows
from zeeksmtp.watch.instant import Instant
from zeeksmtp.watch.news import News
from zeeksmtp.watch.rounds import Ended, Rounds
from zeeksmtp.watch.window import Window

Recorded = Callable[[str], Rows]


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    """Give a function that gives the rows of a recorded capture."""

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
    judged = Instant(Settings(), ENGINE).judge({log: line})
    assert (len(line), [f.detector for f in judged.findings], judged.problems) == (1, [detector], [])


@pytest.mark.parametrize("capture", ["auth_login_ok", "mixed_office_day", "starttls_stripped", "vrfy_scan"])
def test_ids_are_those_of_the_report(recorded: Recorded, capture: str) -> None:
    """Whoever reads both can tell that it is the same finding."""
    there = {f.id for f in run(Request((CAPTURES / capture / "tsv",), Settings())).findings}
    found = {f.id for f in Instant(Settings(), ENGINE).judge(recorded(capture)).findings}
    assert found
    assert found <= there


@pytest.mark.parametrize("capture", ["legit_relay", "smtps_465"])
def test_innocent_mail_gives_nothing(recorded: Recorded, capture: str) -> None:
    """Recipients that do not exist and servers without STARTTLS are no finding of one line."""
    assert Instant(Settings(), ENGINE).judge(recorded(capture)).findings == []


def test_recipients_take_counts(recorded: Recorded) -> None:
    """Dead recipients of one sender may be bounces that a relay passes on: who is one, only a round can tell."""
    report = run(Request((CAPTURES / "rcpt_scan" / "tsv",), Settings()))
    assert "user-enumeration" in {f.detector for f in report.findings}
    found = Instant(Settings(), ENGINE).judge(recorded("rcpt_scan")).findings
    assert "user-enumeration" not in {f.detector for f in found}


def test_what_the_config_suppresses_is_not_shown(recorded: Recorded) -> None:
    """As in the report."""
    settings = Settings(suppress=(Suppression(account="alice", reason="known"),))
    names = {f.accounts for f in Instant(settings, ENGINE).judge(recorded("auth_plain_initial")).findings}
    assert ("bob",) in names
    assert ("alice",) not in names


def test_an_account_is_joined_by_an_earlier_greeting(recorded: Recorded) -> None:
    """The server told its name in a session before: the finding has the id that the report will give."""
    rows = recorded("auth_plain_initial")
    carol = rows["smtp_auth"].filter(pl.col("user") == "carol@corp.example")
    instant = Instant(Settings(), ENGINE)
    stranger = instant.judge({"smtp_auth": carol}).findings
    instant.judge({"smtp_session": rows["smtp_session"]})
    known = instant.judge({"smtp_auth": carol}).findings
    assert known[0].id in {f.id for f in run(Request((CAPTURES / "auth_plain_initial" / "tsv",), Settings())).findings}
    assert stranger[0].id != known[0].id
    news = News(1)
    assert len(news.of(stranger)) == 1
    assert news.of(known) == [], "the same password under another id"


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


def test_a_finding_is_news_once_and_when_it_gets_worse() -> None:
    """Not with each count, and not when it gets better and worse again."""
    news = News(1)
    shown = [bool(news.of([finding(1, Severity(s))])) for s in ("low", "low", "high", "low", "high", "critical")]
    assert shown == [True, False, True, False, False, True]


def test_what_was_there_before_is_news_when_something_is_added() -> None:
    """Lines from before the watch are not shown, but do not hide what comes."""
    news, old = News(1), finding(1)
    news.had([old])
    assert news.of([old]) == []
    assert len(news.of([finding(1, last=old.last + timedelta(seconds=1))])) == 1


def test_news_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not heard of for long is forgotten, and so is the oldest of too many."""
    now = [0.0]
    monkeypatch.setattr(news_module.time, "monotonic", lambda: now[0])
    news = News(hours=1)
    assert news.of([finding(1)])
    now[0] = 3601.0
    assert news.of([finding(2)])
    assert news.of([finding(1)])
    monkeypatch.setattr(news_module, "_MOST", 10)
    news.of([finding(n) for n in range(100)])
    assert len(news._shown) == 10


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Path]:
    """Give a folder for the window's lake; all files in it must be closed to others."""
    yield tmp_path / "lake"
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "lake").rglob("*.parquet")} <= {0o600}


def test_the_window_moves_on(recorded: Recorded, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of an hour share a part; parts go when all their rows are too old, or when there are too many rows."""
    now = [0.0]
    monkeypatch.setattr("zeeksmtp.watch.window.time.monotonic", lambda: now[0])
    rows = {"smtp_cmd": recorded("vrfy_scan")["smtp_cmd"]}
    each = len(rows["smtp_cmd"])
    window = Window(lake, 2, ENGINE, most=each * 4)

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
    with Rounds(Settings(), tmp_path, 24, every=0) as rounds:
        rounds.add({"smtp_auth": rows["smtp_auth"][:40]})
        first = awaited(rounds)
        assert rounds.result() is None
        rounds.add({**rows, "smtp_auth": rows["smtp_auth"][40:]})
        second = awaited(rounds)
    assert {f.id for f in second} >= {f.id for f in first}
    assert "password-guessing" in {f.detector for f in second}
    assert second == run(Request((CAPTURES / "brute_force_hydra" / "tsv",), Settings())).findings


def awaited(rounds: Rounds) -> tuple[Finding, ...]:
    """Wait for the round under way."""
    for _ in range(600):
        report = rounds.result()
        if report is not None:
            assert report.errors == ()
            return report.findings
        time.sleep(0.05)
    raise AssertionError("no round ended")


def test_the_end_does_not_wait_for_a_round(recorded: Recorded, tmp_path: Path) -> None:
    """It is given up at its next plan, and nothing of it is reported."""
    with Rounds(Settings(), tmp_path, 24, every=0) as rounds:
        rounds.add(recorded("brute_force_hydra"))
    with pytest.raises(Ended):
        rounds.result()


def test_too_many_rows_make_the_reader_wait(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded also where a whole archive is read from its start."""
    monkeypatch.setattr("zeeksmtp.watch.rounds._ENOUGH", 10)
    rows = recorded("vrfy_scan")
    with Rounds(Settings(), tmp_path, 24, every=3600) as rounds:
        rounds.add(rows)
        rounds.add(rows)
        assert rounds.full
        awaited(rounds)
        assert not rounds.full
