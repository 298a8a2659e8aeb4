"""The terminal report, looked at in full: with and without colour, narrow and wide, with everything and nothing."""

import re

import pytest
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from zeeksmtp.model import Report, View
from zeeksmtp.outputs import terminal

CODES = re.compile(r"\x1b\[[0-9;]*m")


def test_everything_as_plain_text(full: Report, snapshot: SnapshotAssertion) -> None:
    assert terminal.OUTPUT.render(full, View()) == snapshot


def test_nothing_says_what_could_not_be_seen(empty: Report, snapshot: SnapshotAssertion) -> None:
    assert terminal.OUTPUT.render(empty, View()) == snapshot


def test_problems_come_first(full: Report) -> None:
    text = terminal.OUTPUT.render(full, View())
    titles = ("Incidents", "Findings", "Passwords to change", "Posture", "What could be seen", "Data")
    assert [line for line in text.splitlines() if line in titles] == list(titles)
    assert text.splitlines()[2].startswith("Do first: ")


@pytest.mark.parametrize("width", [80, 160])
def test_on_a_terminal_it_keeps_to_the_width(full: Report, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    shown = CODES.sub("", terminal.OUTPUT.render(full, View(width)))
    assert max(cell_len(line) for line in shown.splitlines()) <= width


def test_colour_is_for_terminals_that_want_it(full: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b" not in terminal.OUTPUT.render(full, View())
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[1;31m" in terminal.OUTPUT.render(full, View(80))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*(3|4|9|10)[0-7]m", terminal.OUTPUT.render(full, View(80)))
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in terminal.OUTPUT.render(full, View(80))


def test_only_our_own_escapes_reach_a_terminal(full: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR")
    rest = CODES.sub("", terminal.OUTPUT.render(full, View(80))).replace("\n", "")
    assert rest.isprintable()
    assert "[bold]mark[/bold]" in rest


def test_long_lists_are_bounded_and_say_so(full: Report) -> None:
    one = full.findings[0]
    many = full.model_copy(update={"findings": (one,) * (terminal.FULL + 10) + (full.findings[-1],) * 70})
    text = terminal.OUTPUT.render(many, View())
    assert text.count(one.summary) == terminal.FULL
    assert "and 10 more critical; --format json has all" in text
    assert f"and {70 - terminal.FEW} more {one.detector}; --format json has all" in text
    volumes = full.model_copy(update={"volumes": full.volumes * 20})
    assert "and 30 more; --format json has all" in terminal.OUTPUT.render(volumes, View())
    crowd = full.model_copy(update={"incidents": full.incidents[:1] * (terminal.FULL + 7)})
    text = terminal.OUTPUT.render(crowd, View())
    assert text.count(full.incidents[0].id) == terminal.FULL
    assert "and 7 more; --format json has all" in text


def test_the_same_advice_is_given_once(full: Report) -> None:
    twice = full.model_copy(update={"findings": (full.findings[0],) * 3, "incidents": ()})
    assert terminal.OUTPUT.render(twice, View()).count("Do: Change the password") == 1
