"""The charts and colours of the page: numbers only, nothing to interact with, legible in light and dark."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from importlib.resources import files

import pytest

from tests.outputs import _reports
from zeeksmtp.model import Count, Day, Report, Volume
from zeeksmtp.outputs import _chart_shapes, _charts, _page_charts
from zeeksmtp.outputs._chart_shapes import Chart

STYLE = (files("zeeksmtp.outputs") / "templates" / "page.css").read_text("utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
)
PAIRS = [
    *((ink, ground) for ink in ("ink", "soft", "link") for ground in ("ground", "paper", "tint")),
    *((ink, ground) for ink in ("medium", "low", "info", "good") for ground in ("paper", "ground")),
    *(("on", ground) for ground in ("critical", "high", "link")),
]


def volumes(hours: int, **changes: object) -> list[Volume]:
    """Return what a client sent in so many hours: 0, 1, 2, …"""
    plain = {"client": "10.0.0.25", "messages": 1, "recipients": 1}
    return [Volume.model_validate(plain | {"hour": _reports.at(60 * n), "value": n} | changes) for n in range(hours)]


def days(number: int) -> list[Day]:
    """Return days with nine sessions each, of which 0, 1, 2, … with TLS."""
    first = _reports.START.replace(hour=0)
    return [Day(day=first + timedelta(days=n), sessions=9, tls_sessions=n) for n in range(number)]


def every_chart() -> list[Chart]:
    """Return one chart of each kind, with all that it can have."""
    sent = volumes(40, expected=5, upper=20)
    return [
        _charts.sender(sent, _charts.whole_days(v.hour for v in sent)),
        _charts.tls_by_day(days(9)),
        _charts.hours([Count(name=f"{hour:02}", count=hour) for hour in range(24)]),
    ]


def bars(chart: Chart, meaning: str) -> list[tuple[float, float, float, float]]:
    """Return the bars of one meaning: left, bottom, top, width."""
    paths = "".join(each.path for each in chart.bars if each.meaning == meaning)
    number = r"(-?\d+(?:\.\d)?)"
    found = re.findall(rf"M{number} {number}V{number}h{number}V{number}z", paths)
    assert all(bottom == back for _, bottom, _, _, back in found)
    return [(float(left), float(bottom), float(top), float(width)) for left, bottom, top, width, _ in found]


def test_every_colour_has_one_for_the_light_and_one_for_the_dark() -> None:
    for scheme in (LIGHT, DARK):
        assert {f"c-{meaning}" for meaning in _chart_shapes.COLOURS} <= set(scheme)
    assert {name: LIGHT[f"c-{name}"] for name in _chart_shapes.COLOURS} == dict(_chart_shapes.COLOURS)
    for meaning in _chart_shapes.COLOURS:
        assert LIGHT[f"c-{meaning}"] != DARK[f"c-{meaning}"]
        assert f".c-{meaning} {{ fill: var(--c-{meaning});" in STYLE


def test_a_chart_holds_numbers_and_dates_only() -> None:
    for chart in every_chart():
        assert {each.meaning for each in chart.bars} <= set(_chart_shapes.COLOURS)
        assert all(re.fullmatch(r"[MVHhvz\d. -]+", each.path) for each in chart.bars)
        texts = [label.text for label in chart.x_labels + chart.y_labels]
        assert all(re.fullmatch(r"[\d,]+|\d+:00|[A-Z][a-z]{2} \d+", text) for text in texts)


def test_everything_lies_within_the_drawing() -> None:
    for chart in every_chart():
        drawn = [bar for each in chart.bars for bar in bars(chart, each.meaning)]
        assert drawn
        for left, bottom, top, width in drawn:
            assert _chart_shapes.LEFT <= left < left + width <= _chart_shapes.RIGHT + 1
            assert _chart_shapes.TOP <= top < bottom <= _chart_shapes.BOTTOM
        assert all(_chart_shapes.LEFT <= label.at <= _chart_shapes.RIGHT for label in chart.x_labels)
        assert chart.y_labels[0].at == _chart_shapes.BOTTOM
        assert 2 <= len(chart.y_labels) <= 4


def test_bars_are_as_high_as_their_values() -> None:
    sent = volumes(11)
    chart = _charts.sender(sent, _charts.whole_days(v.hour for v in sent))
    heights = [bottom - top for _, bottom, top, _ in bars(chart, "within")]
    assert len(heights) == 10  # an hour without mail has no bar
    assert heights == pytest.approx([heights[0] * n for n in range(1, 11)], abs=0.2 * 10)
    ten = next(label for label in chart.y_labels if label.text == "10")
    assert bars(chart, "within")[-1][2] == pytest.approx(ten.at, abs=0.1)


@pytest.mark.parametrize(
    ("largest", "labels"),
    [
        (0, ["0", "1"]),
        (1, ["0", "1"]),
        (3, ["0", "1", "2", "3"]),
        (7, ["0", "5", "10"]),
        (1200, ["0", "500", "1,000", "1,500"]),
        (0.4, ["0", "1"]),
        (10**9, ["0", "500,000,000", "1,000,000,000"]),
    ],
)
def test_axes_have_round_numbers(largest: float, labels: list[str]) -> None:
    scale = _chart_shapes.Scale(largest)
    assert [label.text for label in scale.labels()] == labels
    assert scale.y(largest) >= _chart_shapes.TOP


def test_sessions_with_and_without_tls_stand_on_each_other() -> None:
    chart = _charts.tls_by_day(days(9))
    with_tls, clear = bars(chart, "tls"), bars(chart, "clear")
    assert len(with_tls) == 8
    assert len(clear) == 9
    assert [top for _, _, top, _ in with_tls] == [bottom for _, bottom, _, _ in clear[1:]]
    assert len({top for _, _, top, _ in clear}) == 1
    assert chart.words == "Sessions with TLS: 0% on 2026-11-23, 89% on 2026-12-01."


def test_hours_above_what_is_usual_are_counted_and_drawn() -> None:
    loud = every_chart()[0]
    assert loud.words == "Peak: 39 at 2026-11-24 21:00 UTC. 19 of 40 hours above the usual range."
    assert len(bars(loud, "above")) == 19
    assert len(bars(loud, "usual")) == 40


def test_no_baseline_is_no_zero() -> None:
    quiet = volumes(3)
    chart = _charts.sender(quiet, _charts.whole_days(v.hour for v in quiet))
    assert chart.words.endswith("3 hours, no baseline yet.")
    assert {each.meaning for each in chart.bars} == {"within"}


def test_without_a_baseline_messages_are_drawn() -> None:
    assert _charts.compared_value(Volume(client="a", hour=_reports.at(0), messages=7, recipients=9)) == 7


def test_the_zone_of_the_machine_does_not_move_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    before = every_chart()[0]
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    assert every_chart()[0] == before
    monkeypatch.undo()
    time.tzset()


def test_who_sent_too_much_has_a_chart_before_who_sent_most(full: Report) -> None:
    loud = volumes(1, client="10.9.9.9", value=30, expected=2, upper=9)
    many = [v for n in range(9) for v in volumes(1, client=f"10.0.0.{n}", value=900 - n)]
    shown = _page_charts.charts(full.model_copy(update={"volumes": (*many, *loud)})).senders
    expected = ["10.9.9.9", *(f"10.0.0.{n}" for n in range(_page_charts.MAX_SENDER_CHARTS - 1))]
    assert [client for client, _ in shown] == expected


def test_servers_are_drawn_only_where_tls_is_visible(full: Report) -> None:
    assert [name for name, _ in _page_charts.charts(full).servers] == ["10.0.0.25 port 587"]
    blind = full.coverage.model_copy(update={"logs": {"conn": True}})
    assert _page_charts.charts(full.model_copy(update={"coverage": blind})).servers == ()


def test_several_servers_are_also_drawn_together(full: Report) -> None:
    other = full.posture.servers[0].model_copy(update={"server": "10.0.0.26"})
    posture = full.posture.model_copy(update={"servers": (*full.posture.servers, other)})
    charts = _page_charts.charts(full.model_copy(update={"posture": posture})).servers
    assert [name for name, _ in charts] == ["All servers of the site", "10.0.0.25 port 587", "10.0.0.26 port 587"]
    assert charts[0][1].y_labels[-1].text == "15"  # 7 + 7 sessions on the first day
    assert charts[0][1].words == charts[1][1].words


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS, ids=" on ".join)
def test_text_stands_out_from_its_ground(scheme: dict[str, str], ink: str, ground: str) -> None:
    low, high = sorted(luminance(scheme[name]) for name in (ink, ground))
    assert (high + 0.05) / (low + 0.05) >= 4.5
