"""The page is a function of the figures; the figures of a small site come out of the real pipeline."""

from __future__ import annotations

from functools import cache

from evaluation.captures import Recorded
from evaluation.incidents import IncidentFigures, counted
from evaluation.logsets import ALL, LOG_SETS, MINIMAL, STOCK
from evaluation.matching import Score
from evaluation.page import page
from evaluation.reasons import FALSE, MISSED, reasons
from evaluation.running import Figures, evaluated
from evaluation.slow import Slow
from simulation.truth import WIRE
from zeeksmtp.pipeline import detectors


@cache
def figures() -> Figures:
    return evaluated([2], lambda _line: None, hosts=80, days=6)


@cache
def incidents() -> IncidentFigures:
    return counted([2], lambda _line: None, hosts=80, days=6)


def whole_page() -> str:
    return page(figures(), incidents(), Recorded(), Slow(), "command")


def test_no_detector_fails() -> None:
    assert figures().failed == {}


def test_facts_on_the_wire_are_all_found_and_right() -> None:
    """What needs no statistics needs no excuse: these three have one line of the logs as their proof."""
    for name in ("cleartext-token", "crackable-auth", "blocklisted-sender"):
        score = figures().scores[name]
        assert score.events > 0
        assert (score.found, score.accused) == (score.events, [])


def test_the_page_shows_every_detector_in_one_table() -> None:
    text = whole_page()
    wire, statistics = text.split("## Simulated sites: statistical detectors")
    for detector in detectors():
        part = wire if detector.id in WIRE else statistics
        assert f"| `{detector.id}` |" in part


def test_the_page_compares_sets_of_logs() -> None:
    text = whole_page()
    for kind, counts in figures().kinds.items():
        numbers = " | ".join(str(counts.found(name)) for name in LOG_SETS)
        assert f"| {kind} | {counts.events} | {numbers} |" in text
    for name in LOG_SETS:
        assert f"| {name} |" in text


def test_more_logs_lose_no_event() -> None:
    for kind, counts in figures().kinds.items():
        assert [counts.lost(STOCK, ALL), counts.lost(MINIMAL, ALL)] == [[], []], kind
        assert counts.found(ALL) <= counts.events


def test_an_attack_is_one_incident_and_a_quiet_site_has_few() -> None:
    counts = incidents()
    for site in (*counts.attacked, *counts.everything, *counts.campaigns):
        assert {kind: spread for kind, spread in site.fragments.items() if max(spread) > 1} == {}
    # Passwords in clear at the site's servers, one at an outside server, and guesses of the Internet.
    assert max(site.incidents for site in counts.quiet) <= 3


def test_the_same_figures_make_the_same_page() -> None:
    assert whole_page() == whole_page()


def test_reasons_are_about_detectors_that_there_are() -> None:
    assert {detector for detector, _ in MISSED} | FALSE.keys() <= {detector.id for detector in detectors()}


def test_what_was_missed_has_a_reason_or_says_that_it_has_none() -> None:
    score = Score(accused=["someone"])
    score.by_kind |= {"slow growth": [2, 1], "all found": [3, 3], "new": [1, 0]}
    lines = list(reasons("slow-growth", score))
    assert [line.split(":")[0] for line in lines] == ["why missed (new)", "why missed (slow growth)", "why false"]
    assert lines[0].endswith("not found out yet.")
