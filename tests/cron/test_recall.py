"""Findings that are not made again are as if they had been, whatever happens between the passes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from tests.cron._anew import Anew, Told
from tests.cron._growing import Growing
from tests.cron._site import Site
from tests.outputs import _reports
from zeeksmtp import registry
from zeeksmtp.config import Settings, Suppression
from zeeksmtp.correlate.suppress import suppress
from zeeksmtp.cron import judging, rules, telling
from zeeksmtp.cron._asked import Asked, Pass
from zeeksmtp.cron.recall import Recall, Seen, row_hashes
from zeeksmtp.engine.local import ENGINE
from zeeksmtp.logs._types import finding_schema
from zeeksmtp.model import FINDING, Problem, Report, Span, identity
from zeeksmtp.report.findings import findings_of, in_order
from zeeksmtp.state import findings
from zeeksmtp.state.store import NAME, opened

DETECTOR = registry.discover("zeeksmtp.detectors", "DETECTOR")["cleartext_mail"]
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CLIENTS = [f"10.0.0.{number}" for number in range(5)]
MOST_WAITING = 3


@dataclass(frozen=True)
class Step:
    """One pass: what the detector says of each client, what the operator did before it, days since the last one."""

    rows: dict[str, tuple[str, int, int, int]]  # severity, count, first and last day, from the end
    days: int
    acknowledged: list[str]
    suppressed: list[tuple[str, int]]  # until so many days from now
    config: str | None  # a client that the config suppresses
    failed: bool


ROW = st.tuples(
    st.sampled_from(["info", "low", "medium", "high"]), st.integers(1, 3), st.integers(0, 3), st.integers(0, 3)
)


def steps() -> st.SearchStrategy[list[Step]]:
    """Give passes that find one of a few things each, so that many find what the one before found."""
    pool = st.lists(st.dictionaries(st.sampled_from(CLIENTS), ROW), min_size=1, max_size=3)
    config = st.sampled_from([None, CLIENTS[0]])
    return st.tuples(pool, config).flatmap(lambda both: st.lists(_step(*both), min_size=2, max_size=10))


def _step(rows: list[dict[str, tuple[str, int, int, int]]], config: str | None) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        st.sampled_from(rows),
        st.sampled_from([0, 0, 1, 9]),
        st.lists(st.sampled_from(CLIENTS), max_size=1),
        st.lists(st.tuples(st.sampled_from(CLIENTS), st.integers(1, 2)), max_size=1),
        st.sampled_from([config, config, config, None]),
        st.sampled_from([False, False, False, True]),
    )


def frame(step: Step, turned: bool) -> pl.DataFrame:
    """Give what the detector says; what is `last` of all lies at the same time in each pass."""
    rows = [_row(client, *row) for client, row in step.rows.items()]
    return pl.DataFrame(rows[::-1] if turned else rows, schema=finding_schema(FINDING))


def _row(client: str, severity: str, count: int, first: int, last: int) -> dict[str, Any]:
    terms = [{"name": name, "value": 1.0, "weight": 1.0} for name in ("mails", "recipients", "tls_sessions")]
    return {
        "key": [client, "192.0.2.1"],
        "severity": severity,
        "confidence": "high",
        "first": BEGIN + min(first, last) * DAY,
        "last": BEGIN + max(first, last) * 4 * DAY,
        "count": count,
        "clients": [client],
        "servers": ["192.0.2.1"],
        "accounts": [],
        "terms": terms,
        "details": [{"name": "directions", "values": ["inbound"]}],
        "test": None,
        "uids": [],
        "attack": [],
    }


def id_of(client: str) -> str:
    return identity(DETECTOR.id, [client, "192.0.2.1"])


class Passes:
    """Passes with a real state; the rows come from the test."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.digest = ""

    def run(
        self, number: int, rows: pl.DataFrame, now: datetime, config: Sequence[Suppression], failed: bool
    ) -> tuple[Told, int]:
        """Do what a pass does with what the detectors say; give what is told, and how many are suppressed."""
        settings = rules.in_force(Settings(suppress=tuple(config)), self.connection, now.date())
        same_rules, self.digest = self.digest == rules.digest(settings), rules.digest(settings)
        back = telling.back(self.connection, now.date())
        known, hidden = findings.made_of(self.connection), findings.hidden(self.connection)
        recall = Recall(known, hidden, back, same_rules=same_rules)
        made = findings_of(DETECTOR, recall.choose(DETECTOR, rows))
        kept, suppressed = suppress(in_order([] if failed else made), settings.suppress, now.date())
        empty = _reports.empty()
        report = empty.model_copy(
            update={
                "findings": kept,
                "settings": empty.settings.model_copy(update={"suppressed": suppressed}),
                "window": Span(first=BEGIN, last=newest(rows)),
                "errors": (Problem(where=DETECTOR.id, what="failed"),) * failed,
            }
        )
        work = Pass(Asked(settings, Path(), Path()), ENGINE, now)
        shown = telling.remember(
            self.connection, work, number, report, recall, first=number == 1, new_errors=False
        ).report
        notes = [note for note in shown.coverage.notes if "not told again" in note]
        told = list(shown.findings), int(notes[0].split()[0]) if notes else 0
        return told, shown.settings.suppressed


def newest(rows: pl.DataFrame) -> datetime:
    """Give the time of the newest row."""
    return max(rows["last"].to_list(), default=BEGIN)


@given(steps(), st.booleans())
def test_passes_equal_those_that_make_all_anew(history: list[Step], turned: bool) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(telling, "MOST_WAITING", MOST_WAITING)
        with opened(Path(folder) / NAME) as store, store.transaction() as connection:
            _compare(connection, history, turned)


def _compare(connection: Connection, history: list[Step], turned: bool) -> None:
    passes, model, now = Passes(connection), Anew(), BEGIN
    until: dict[str, date] = {}
    for number, step in enumerate(history, 1):
        now += step.days * DAY
        for id_ in map(id_of, step.acknowledged):
            if id_ in model.known:
                findings.acknowledge(connection, [findings.known(connection)[id_]], "known", now)
                model.acknowledge(id_, "known", now)
        for client, days in step.suppressed:
            until[id_of(client)] = (now + days * DAY).date()
            findings.suppress(connection, findings.Suppressed(id_of(client), "mine", until[id_of(client)]))
        config = [Suppression(client=step.config, reason="known")] if step.config else []
        ended = {id_ for id_, day in until.items() if day <= now.date()}
        until = {id_: day for id_, day in until.items() if id_ not in ended}
        entries = [*config, *(Suppression(finding=id_, reason="mine") for id_ in until)]
        told = passes.run(number, frame(step, turned and bool(number % 2)), now, config, step.failed)
        rows = frame(step, False)
        made = [] if step.failed else findings_of(DETECTOR, rows)
        kept, suppressed = suppress(in_order(made), entries, date.min)
        assert told == (model.run(number, kept, ended, newest(rows), MOST_WAITING), suppressed)
        assert findings.known(connection) == model.known


def test_what_did_not_change_is_neither_made_nor_written() -> None:
    usual = ("low", 1, 0, 1)
    rows = frame(Step(dict.fromkeys(CLIENTS, usual) | {CLIENTS[0]: ("high", 1, 0, 1)}, 0, [], [], None, False), False)
    hashes = {id_of(key[0]): one for key, one in zip(rows["key"], row_hashes(DETECTOR, rows), strict=True)}
    hidden = {hashes.pop(id_of(CLIENTS[4]))}
    recall = Recall(hashes, hidden, {id_of(CLIENTS[1])})
    chosen = recall.choose(DETECTOR, rows)
    assert [key[0] for key in chosen["key"]] == CLIENTS[:2], "the grave one, and who is back"
    report = _reports.empty().model_copy(update={"findings": tuple(findings_of(DETECTOR, chosen))})
    seen = recall.seen(report)
    assert (seen.unchanged, seen.hidden, seen.left) == ({id_of(client) for client in CLIENTS[2:4]}, hidden, 1)
    failed = report.model_copy(update={"errors": (Problem(where=DETECTOR.id, what="failed"),), "findings": ()})
    assert recall.seen(failed) == Seen(frozenset(), {}, set(), 0)
    assert len(Recall(hashes, hidden, same_rules=False).choose(DETECTOR, rows)) == len(CLIENTS)


@pytest.mark.parametrize("name", sorted(FINDING))
def test_a_hash_tells_every_column(name: str) -> None:
    """Also what stands in which of two lists, and in which order."""
    one, two = _row("10.0.0.1", "low", 1, 0, 1), _row("10.0.0.2", "medium", 2, 1, 2)
    two |= {
        "confidence": "low",
        "servers": ["192.0.2.2"],
        "accounts": ["10.0.0.1"],
        "terms": one["terms"][::-1],
        "details": [{"name": "directions", "values": ["outbound"]}],
        "test": {"score": 1.0, "threshold": 1.0, "trials": 1, "bad": 1, "alarm_at": None},
        "uids": ["C1"],
        "attack": ["T1040"],
    }
    rows = pl.DataFrame([one, one | {name: two[name]}], schema=finding_schema(FINDING))
    assert row_hashes(DETECTOR, rows).n_unique() == 2
    assert (row_hashes(DETECTOR, rows) != row_hashes(replace(DETECTOR, title="x"), rows)).all()


def test_real_passes_equal_those_that_make_all_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over captures that grow: the same findings are remembered and told, and some were not made."""
    sites = [Site(tmp_path / name) for name in ("recalled", "anew")]
    left = 0

    def all_anew(known: dict[str, int], hidden: set[int], back: set[str], *, same_rules: bool) -> Recall:
        return Recall(known, hidden, back, same_rules=False)

    class Counting(Recall):
        def seen(self, report: Report) -> Seen:
            nonlocal left
            seen = super().seen(report)
            left += len(seen.unchanged)
            return seen

    for _ in zip(*(Growing(site.logs, 7, 8) for site in sites), strict=True):
        for site, way in zip(sites, (Counting, all_anew), strict=True):
            site.given = {"settle_seconds": 0}
            site.now = datetime.now(UTC)
            monkeypatch.setattr(judging, "Recall", way)
            site.run()
        assert sites[0].known() == sites[1].known()
        told = [[report.findings for report in site.shown] for site in sites]
        assert told[0] == told[1]
    assert left > 0
