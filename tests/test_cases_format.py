"""The case format itself: times, copies and lists mean what its README says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cases import BASE, frame, moment, seconds
from zeeksmtp.model import Column

COLUMNS = (
    Column("ts", "time", "when"),
    Column("id.orig_h", "addr", "client"),
    Column("arg", "string", "what"),
    Column("reply_code", "count", "code"),
    Column("latency", "interval", "how long"),
    Column("disclosed", "vector[string]", "lines"),
)


@pytest.mark.parametrize(("text", "value"), [("90s", 90), ("1d2h3m4s", 93_784), ("1.5h", 5400), (7, 7), ("0s", 0)])
def test_offsets(text: object, value: float) -> None:
    assert seconds(text) == value


def test_moments() -> None:
    assert moment("2026-11-05") == datetime(2026, 11, 5, tzinfo=UTC)
    assert moment("2026-11-05T06:00:00+01:00") == datetime(2026, 11, 5, 5, tzinfo=UTC)
    assert moment("3d") == moment("2026-11-05")
    with pytest.raises(AssertionError, match="no offset"):
        moment("soon")


def test_rows_are_copied_and_typed() -> None:
    rows: list[dict[str, Any]] = [
        {"client": "10.0.0.1", "arg": "user{n:02}", "latency": "2s", "repeat": {"count": 3, "every": "1m"}},
        {"arg": {"each": ["a{n}", "b{n}"]}, "reply_code": 250, "disclosed": ["<x{n}>"]},
        {"ts": "1d", "reply_code": {"each": [1, 2]}, "repeat": {"count": 3}},
    ]
    made = frame(rows, COLUMNS)
    assert made["arg"].to_list() == ["user00", "user01", "user02", "a0", "b1", None, None, None]
    assert made["reply_code"].to_list() == [None, None, None, 250, 250, 1, 2, 1]
    assert made["disclosed"].to_list()[3:5] == [["<x0>"], ["<x1>"]]
    assert made["id.orig_h"].to_list()[:4] == ["10.0.0.1"] * 3 + [None]
    assert made["latency"][0] == timedelta(seconds=2)
    offsets = [(ts - BASE).total_seconds() for ts in made["ts"]]
    assert offsets == [0, 60, 120, 121, 122, 86_400, 86_401, 86_402]


def test_a_shuffled_frame_has_the_same_rows() -> None:
    rows = [{"arg": "{n}", "repeat": {"count": 50}}]
    plain, shuffled = frame(rows, COLUMNS), frame(rows, COLUMNS, shuffle=1)
    assert plain["arg"].to_list() != shuffled["arg"].to_list()
    assert plain["arg"].to_list() == shuffled.sort("ts")["arg"].to_list()


def test_a_column_that_is_none_is_refused() -> None:
    with pytest.raises(AssertionError, match="no such column"):
        frame([{"replycode": 250}], COLUMNS)
