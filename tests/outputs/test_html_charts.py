"""The charts and colours of the page: numbers only, nothing to interact with, legible in light and dark."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib.resources import files
from xml.etree import ElementTree

import pytest

from tests.outputs import _reports
from zeeksmtp.model import Count, Day, Report, Volume
from zeeksmtp.outputs import _charts, _page_charts

STYLE = (files("zeeksmtp.outputs") / "templates" / "page.css").read_text("utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6})", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
)
PAIRS = [
    *((ink, ground) for ink in ("ink", "soft", "link") for ground in ("ground", "paper", "tint")),
    *((ink, ground) for ink in ("medium", "low", "info", "good") for ground in ("paper", "ground")),
    *(("on", ground) for ground in ("critical", "high", "link")),
]


def volumes(hours: int, **changes: object) -> list[Volume]:
    """Give what a client sent in so many hours: 0, 1, 2, …"""
    plain = {"client": "10.0.0.25", "messages": 1, "recipients": 1}
    return [Volume.model_validate(plain | {"hour": _reports.at(60 * n), "value": n} | changes) for n in range(hours)]


def shades(svg: str) -> set[str]:
    """Give every colour of a drawing."""
    return set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', svg))


def drawn(chart: _charts.Chart) -> ElementTree.Element:
    """Parse a drawing."""
    return ElementTree.fromstring(f"<svg>{chart.svg}</svg>")  # noqa: S314 - our own


def every_chart() -> list[_charts.Chart]:
    """Draw one chart of each kind, with all that it can have."""
    sent = volumes(40, expected=5, upper=20)
    days = [Day(day=_reports.at(0) + timedelta(days=n), sessions=9, tls_sessions=n) for n in range(9)]
    return [
        _charts.sender(sent, _charts.whole_days(v.hour for v in sent)),
        _charts.tls_by_day(days),
        _charts.hours([Count(name=f"{hour:02}", count=hour) for hour in range(24)]),
    ]


def test_every_colour_of_a_chart_has_one_for_the_dark() -> None:
    dark = STYLE.split("(prefers-color-scheme: dark)")[2]
    for chart in every_chart():
        assert shades(chart.svg)
        assert {shade for shade in shades(chart.svg) if f'"{shade}"' not in dark} == set()


def test_a_drawing_holds_numbers_and_dates_only() -> None:
    for chart in every_chart():
        elements = list(drawn(chart).iter())
        texts = {element.text for element in elements if element.text}
        assert texts
        assert all(re.fullmatch(r"[\d,]+|\d+:00|[A-Z][a-z]{2} \d+", text) for text in texts)
        assert not {name for element in elements for name in element.attrib} & {"id", "class", "role", "href", "style"}


def test_labels_keep_their_digits() -> None:
    small = volumes(2, value=0)
    chart = _charts.sender(small, _charts.whole_days(v.hour for v in small))
    assert "0.0" not in {element.text for element in drawn(chart).iter()}
    assert not re.search(r"\.\d{3}", chart.svg)


def test_hours_above_what_is_usual_are_told_and_drawn() -> None:
    loud = every_chart()[0]
    assert loud.words == "Most: 39 at 2026-11-24 21:00 UTC. 19 of 40 hours above the usual range."
    assert len([e for e in drawn(loud).iter() if e.get("fill") == _charts.ABOVE]) == 19


def test_no_baseline_is_no_zero() -> None:
    quiet = volumes(3)
    chart = _charts.sender(quiet, _charts.whole_days(v.hour for v in quiet))
    assert chart.words.endswith("3 hours, without a baseline yet.")
    assert shades(chart.svg) & {_charts.USUAL, _charts.EXPECTED, _charts.ABOVE} == set()


def test_a_report_of_an_older_version_has_messages_to_draw() -> None:
    assert _charts.judged(Volume(client="a", hour=_reports.at(0), messages=7, recipients=9)) == 7


def test_the_zone_of_the_machine_does_not_move_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    before = every_chart()[0]
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    assert every_chart()[0] == before


def test_who_sent_too_much_has_a_chart_before_who_sent_most(full: Report) -> None:
    loud = volumes(1, client="10.9.9.9", value=30, expected=2, upper=9)
    many = [v for n in range(9) for v in volumes(1, client=f"10.0.0.{n}", value=900 - n)]
    shown = _page_charts.charts(full.model_copy(update={"volumes": (*many, *loud)})).senders
    assert [client for client, _ in shown] == ["10.9.9.9", *(f"10.0.0.{n}" for n in range(_page_charts.SENDERS - 1))]


def test_servers_are_drawn_only_where_tls_is_visible(full: Report) -> None:
    assert len(_page_charts.charts(full).servers) == 1
    blind = full.coverage.model_copy(update={"logs": {"conn": True}})
    assert _page_charts.charts(full.model_copy(update={"coverage": blind})).servers == ()


def luminance(colour: str) -> float:
    """Give the relative luminance of a colour, as WCAG 2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS, ids=" on ".join)
def test_text_stands_out_from_its_ground(scheme: dict[str, str], ink: str, ground: str) -> None:
    low, high = sorted(luminance(scheme[name]) for name in (ink, ground))
    assert (high + 0.05) / (low + 0.05) >= 4.5
