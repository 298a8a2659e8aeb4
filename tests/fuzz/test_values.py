"""No value that a log can hold makes a fact or a detector fail: who can reach such a row would silence it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import FACTS, LOGS
from tests.fuzz.values import NOW, TIMES, tables
from zeeksmtp.config import Settings
from zeeksmtp.engine.local import ENGINE
from zeeksmtp.model import Window
from zeeksmtp.pipeline import Request, detect, facts_of

EXAMPLES = settings().max_examples // 4  # each is a table of everything
WINDOWS = [Window(), Window(since=NOW - timedelta(days=1)), Window(until=NOW), Window(TIMES[0], TIMES[-1])]


def failed(given_tables: Mapping[str, pl.DataFrame], window: Window) -> list[str]:
    """Make the facts that are not given, run all detectors, and return which failed."""
    request = Request((), Settings(), window)
    frames = {name: table.lazy() for name, table in given_tables.items()}
    if not FACTS.keys() <= frames.keys():
        frames = facts_of(frames, request.context, lambda _name, plan: plan.collect().lazy())
    return [f"{problem.where}: {problem.what}" for problem in detect(request, ENGINE, frames).problems]


@settings(max_examples=EXAMPLES)
@given(st.integers(0, 1 << 32), st.sampled_from(WINDOWS))
def test_no_row_of_a_log_makes_a_fact_or_a_detector_fail(seed: int, window: Window) -> None:
    assert failed(tables(LOGS, random.Random(seed)), window) == []


@settings(max_examples=EXAMPLES)
@given(st.integers(0, 1 << 32), st.sampled_from(WINDOWS))
def test_no_row_of_a_fact_makes_a_detector_fail(seed: int, window: Window) -> None:
    """Rows that no log would give, too: a fact's bug must not silence what reads it."""
    assert failed(tables({**LOGS, **FACTS}, random.Random(seed)), window) == []
