"""A fact that fails degrades the report: what rests on it is not run, but named; everything else is as it would be."""

from __future__ import annotations

import importlib
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from zeeksmtp import pipeline
from zeeksmtp.config import Settings
from zeeksmtp.materialize import Materializer
from zeeksmtp.model import Context, Report, Tables
from zeeksmtp.pipeline import Request, run


def failing(known: Tables, _context: Context) -> pl.LazyFrame:
    """Fail as polars does, when the plan runs."""
    return known["command"].select(pl.col("ts").cast(pl.String).str.to_integer(strict=True))


def report_without(fact: str, logs: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    module = importlib.import_module(f"zeeksmtp.facts.{fact}")
    monkeypatch.setattr(module, "FACT", replace(module.FACT, plan=failing))
    return run(Request((logs,), Settings()))


@pytest.mark.parametrize("small", [1 << 30, 0], ids=["in memory", "in partitions"])
def test_a_fact_that_fails_takes_down_what_rests_on_it_and_nothing_else(
    small: int, captures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "Materializer", partial(Materializer, small_rows=small))
    logs = captures / "mixed_office_day" / "tsv"
    whole = run(Request((logs,), Settings()))
    report = report_without("query", logs, monkeypatch)
    (error,) = report.errors
    assert error.where == "query"
    assert error.what.startswith("the fact failed: ")
    named = error.what.split("detectors not run: ")[1].split(";")[0].split(", ")
    assert {f.id for f in report.findings} == {f.id for f in whole.findings if f.detector not in named}
    assert "user-enumeration" in named and len(report.findings) > 0


def test_a_fact_of_all_others_leaves_an_empty_report(captures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_without("connection", captures / "vrfy_scan" / "tsv", monkeypatch)
    (error,) = report.errors
    assert (error.where, report.findings) == ("connection", ())
    assert "facts not computed: " in error.what and "session" in error.what


def test_a_part_that_fails_is_left_out(captures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OverflowError

    monkeypatch.setattr("zeeksmtp.report.sums.gaps_of", broken)
    report = run(Request((captures / "vrfy_scan" / "tsv",), Settings()))
    assert [error.where for error in report.errors] == ["gaps"]
    assert report.findings
