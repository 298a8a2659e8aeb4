"""The committed logs are those of these scripts, and their columns those that the Python side reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import zeeksmtp.logs
from tests.zeek.running import CAPTURES, read_log, scripts_hash
from zeeksmtp import registry
from zeeksmtp.model import Log

OURS = ("smtp_auth", "smtp_cmd", "smtp_session")
NEVER_READ = {"password"}
"""Written only where a site asked for it, and dropped by the Python side before anything else."""


def columns(path: Path) -> dict[str, str]:
    """Return the names and types in the header of a log."""
    lines = path.read_text().splitlines()
    names, types = (
        next(line for line in lines if line.startswith(key)).split("\t")[1:] for key in ("#fields", "#types")
    )
    return dict(zip(names, types, strict=True))


def test_the_logs_were_written_by_these_scripts() -> None:
    recorded = (CAPTURES / "zeek_scripts.sha256").read_text().split()[0]
    assert recorded == scripts_hash(), "zeek_scripts/ changed: run python -m tests.zeek.write_logs"


@pytest.mark.parametrize("log", OURS)
def test_columns_and_types_are_those_of_the_readers(log: str) -> None:
    spec: Log = registry.unit(zeeksmtp.logs, log, "LOG")
    expected = {column.name: column.type for column in spec.columns}
    paths = sorted(CAPTURES.glob(f"*/tsv/{log}.log"))
    assert paths
    for path in paths:
        found = columns(path)
        assert {name: kind for name, kind in found.items() if name not in NEVER_READ} == expected


@pytest.mark.parametrize("log", OURS)
def test_both_forms_hold_the_same_rows(
    name: str, log: str, json_rows: Callable[[str], list[dict[str, object]]]
) -> None:
    rows = read_log(CAPTURES / name / "tsv" / f"{log}.log")
    assert [(row["uid"], row["ts"]) for row in rows] == [(r["uid"], f"{r['ts']:.6f}") for r in json_rows(log)]
