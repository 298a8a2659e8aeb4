"""The same rows give the same findings, however they are ordered and written; what is missing is not claimed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evaluation.judging import Evaluated, judged, judged_lake
from simulation import write
from simulation.site import Site
from simulation.world import World, simulate
from tests.cases import DETECTORS, LOGS
from zeeksmtp.config import Settings
from zeeksmtp.model import Report
from zeeksmtp.pipeline import Request, run

SOME = (
    "enumeration",
    "scan-inside",
    "guess-success",
    "spray",
    "spam-bot",
    "taken-account",
    "stealer",
    "password-abroad",
)


ANY_SESSION = {"legacy-auth"}
"""Detectors for which a session in any log is enough."""


@cache
def world() -> World:
    """A small site that takes passwords in clear, where much happens in little time."""
    return simulate(Site(2, hosts=25, days=4, traffic=0.3), dict.fromkeys(SOME, 1))


def comparable(report: Report) -> dict[str, Any]:
    """Return what a report says, without how it came about."""
    said = report.model_dump(mode="json", by_alias=True)
    return {key: said[key] for key in ("findings", "incidents", "credentials_to_change", "posture", "roles", "volumes")}


def reported(folder: Path) -> dict[str, Any]:
    site = world().site
    known = Settings(local_nets=site.net, timezone=site.clock.zone, roles=dict(site.roles))
    report = run(Request((folder,), known))
    assert not report.errors
    return comparable(report)


@cache
def expected() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return reported(write.tsv(world().logs, Path(folder) / "logs"))


def shuffled(logs: Mapping[str, pl.DataFrame], folder: Path) -> None:
    write.tsv(write.pieces(logs, 1, seed=3)[0], folder)


def dealt_out(logs: Mapping[str, pl.DataFrame], folder: Path) -> None:
    for number, share in enumerate(write.pieces(logs, 3, seed=4)):
        write.tsv(share, folder / f"sensor{number}")


def as_json(logs: Mapping[str, pl.DataFrame], folder: Path) -> None:
    write.jsonl(logs, folder)


def half_and_half(logs: Mapping[str, pl.DataFrame], folder: Path) -> None:
    first, second = write.pieces(logs, 2, seed=5)
    write.tsv(first, folder / "old")
    write.jsonl(second, folder / "new")


def twice(logs: Mapping[str, pl.DataFrame], folder: Path) -> None:
    write.tsv(logs, folder / "one")
    write.jsonl(logs, folder / "other")


def test_there_is_something_to_find() -> None:
    assert len({finding["detector"] for finding in expected()["findings"]}) >= 8
    assert expected()["incidents"]


@pytest.mark.parametrize("lay_out", [shuffled, dealt_out, as_json, half_and_half, twice])
def test_the_same_rows_give_the_same_report(
    lay_out: Callable[[Mapping[str, pl.DataFrame], Path], None], tmp_path: Path
) -> None:
    lay_out(world().logs, tmp_path)
    assert reported(tmp_path) == expected()


def by_id(result: Evaluated) -> list[dict[str, Any]]:
    return sorted((finding.model_dump() for finding in result.findings), key=lambda finding: finding["id"])


@cache
def whole() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        return by_id(judged(world().logs, world().site.context, Path(folder)))


@settings(max_examples=4)
@given(st.floats(0.05, 0.95))
def test_a_lake_filled_in_two_runs_is_the_same_lake(tmp_path_factory: pytest.TempPathFactory, share: float) -> None:
    folder = tmp_path_factory.mktemp("split")
    times = world().logs["conn"]["ts"]
    cut = times.sort()[int(share * len(times))]
    for name, part in (("first", pl.col("ts") < cut), ("second", pl.col("ts") >= cut)):
        write.lake({log: rows.filter(part) for log, rows in world().logs.items()}, folder / "lake", name)
    assert by_id(judged_lake(folder / "lake", world().site.context, folder / "facts")) == whole()


@settings(max_examples=6)
@example({"conn", "smtp"})
@example({"conn", "dns", "smtp_auth", "smtp_cmd", "smtp_session"})  # a HELO in smtp.log is enough for some
@given(st.sets(st.sampled_from(sorted(LOGS))))
def test_without_some_logs_nothing_fails_and_nothing_unseen_is_claimed(
    tmp_path_factory: pytest.TempPathFactory, missing: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("missing")
    kept = {log: rows for log, rows in world().logs.items() if log not in missing}
    result = judged(kept, world().site.context, folder)
    assert result.failed == {}
    blind = {detector.id for detector in DETECTORS.values() if detector.visibility(kept.keys()) == "blind"}
    assert not blind & {finding.detector for finding in result.findings}


@pytest.mark.parametrize("log", sorted(LOGS))
def test_without_one_log_nothing_fails(log: str, tmp_path: Path) -> None:
    kept = {name: rows for name, rows in world().logs.items() if name != log}
    assert judged(kept, world().site.context, tmp_path).failed == {}
