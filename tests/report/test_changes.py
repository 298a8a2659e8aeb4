"""What the last seven days have otherwise than the seven days before."""

from datetime import timedelta

import polars as pl
import pytest

from tests.cases import BASE, DETECTORS, FACTS
from zeeksmtp.dtypes import dtype_of
from zeeksmtp.model import Change
from zeeksmtp.report.changes import MIN_SESSIONS, changes_of
from zeeksmtp.report.explained import explanations


def pairs(*rows: tuple[int, str, str, str, int]) -> dict[str, pl.LazyFrame]:
    """Return `pair_day` of rows of day, client, server, direction and sessions."""
    given = [(BASE + timedelta(days=row[0]), *row[1:], 25) for row in rows]
    dtypes = {column.name: dtype_of(column.type) for column in FACTS["pair_day"].columns}
    names = ("day", "client", "server", "direction", "sessions", "port")
    return {"pair_day": pl.LazyFrame(given, {name: dtypes[name] for name in names}, orient="row")}


def collect(plan: pl.LazyFrame) -> pl.DataFrame:
    return plan.collect()


EDGES = ((0, "10.0.0.9", "10.0.0.25", "internal", 1), (13, "10.0.0.9", "10.0.0.25", "internal", 1))
"""The first and the last of fourteen days."""


def test_new_gone_and_grown_hosts_of_the_site() -> None:
    rows = (
        (8, "10.0.1.1", "192.0.2.1", "outbound", 12),
        (2, "10.0.1.2", "192.0.2.1", "outbound", 30),
        (3, "10.0.1.3", "192.0.2.1", "outbound", 10),
        (9, "10.0.1.3", "192.0.2.1", "outbound", 20),
        (9, "203.0.113.9", "10.0.0.26", "inbound", 50),
    )
    table = changes_of(pairs(*EDGES, *rows), collect)
    assert table.since == BASE + timedelta(days=7)
    assert list(table.rows) == [
        Change(kind="new", side="server", host="10.0.0.26", port=25, before=0, now=50),
        Change(kind="gone", side="client", host="10.0.1.2", port=None, before=30, now=0),
        Change(kind="new", side="client", host="10.0.1.1", port=None, before=0, now=12),
        Change(kind="grown", side="client", host="10.0.1.3", port=None, before=10, now=20),
    ]


@pytest.mark.parametrize(
    "row",
    [
        (8, "10.0.1.1", "192.0.2.1", "outbound", MIN_SESSIONS - 1),
        (8, "203.0.113.9", "192.0.2.1", "external", 50),
    ],
)
def test_little_and_what_is_not_the_sites_is_no_change(row: tuple[int, str, str, str, int]) -> None:
    assert changes_of(pairs(*EDGES, row), collect).rows == ()


def test_less_than_two_weeks_cannot_be_compared() -> None:
    few = (EDGES[0], (12, "10.0.1.1", "192.0.2.1", "outbound", 50))
    assert changes_of(pairs(*few), collect).since is None
    assert changes_of(pairs(), collect).since is None


def test_every_detector_of_an_attack_says_its_stage() -> None:
    assert {name: text.stage for name, text in explanations(DETECTORS.keys()).items()} == {
        name: detector.stage for name, detector in DETECTORS.items()
    }
