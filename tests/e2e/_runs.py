"""Reports of the recordings, each made once; and what the recordings say must come out."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from zeeksmtp.cli import _finish, _request
from zeeksmtp.cli.app import run
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Report

FIXTURES = Path(__file__).parents[2] / "fixtures"
CAPTURES = FIXTURES / "captures"
OFFICE = FIXTURES / "scenarios" / "office"
NAMES = sorted(path.parents[1].name for path in CAPTURES.glob("*/tsv/conn.log"))
FORMS = ("tsv", "json")

Json = dict[str, Any]


def written(form: str, *words: str) -> str:
    """Run `zeeksmtp report` and give what it writes."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report"
        assert run(["report", *words, "--format", form, "-o", str(target), "--quiet"]) == ExitCode.OK
        return target.read_text(encoding="utf-8")


@cache
def analysis(path: Path) -> Report:
    """Return the report of `path`, made once for all forms."""
    return analysed(path)


def analysed(path: Path) -> Report:
    """Return the report of `path`, made anew."""
    return _request.report_of([path], _request.settings(None, None), quiet=True)


def rendered(form: str, analysed: Report) -> str:
    """Return what `zeeksmtp report` writes of a report."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report"
        assert _finish.finish(analysed, form=form, targets=[target], quiet=True) == ExitCode.OK
        return target.read_text(encoding="utf-8")


@cache
def report(path: Path) -> Json:
    """Return the JSON report of `path`; callers must not change it."""
    loaded: Json = json.loads(rendered("json", analysis(path)))
    return loaded


def capture(name: str, form: str = "tsv") -> Json:
    """Return the JSON report of a capture."""
    return report(CAPTURES / name / form)


@cache
def events(name: str) -> list[Json]:
    """Return what must be found in a capture."""
    loaded: list[Json] = json.loads((CAPTURES / name / "events.json").read_text(encoding="utf-8"))["events"]
    return loaded


def findings(report_json: Json, **named: str | None) -> list[Json]:
    """Return the findings that name all of `client`, `server` and `account`, as far as they are given."""
    return [
        f
        for f in report_json["findings"]
        if all(value in f[f"{key}s"] for key, value in named.items() if value is not None)
    ]


def secrets(name: str) -> list[str]:
    """Return the strings that nothing may contain."""
    return [line for line in (CAPTURES / name / "secrets.txt").read_text(encoding="utf-8").splitlines() if line]


def data_lines(log: Path) -> int:
    """Count the lines of a log that are rows, without our reader."""
    content = gzip.decompress(log.read_bytes()) if log.suffix == ".gz" else log.read_bytes()
    return sum(1 for line in content.split(b"\n") if line.strip() and not line.startswith(b"#"))


def without_run(report_json: Json) -> Json:
    """Return all of a report that two runs over the same inputs share."""
    return {key: value for key, value in report_json.items() if key != "run"}


def some_logs(source: Path, names: set[str], target: Path) -> Path:
    """Copy the logs of those names, and no others."""
    target.mkdir()
    for log in source.glob("*.log"):
        if log.stem in names:
            shutil.copy(log, target)
    return target


def stock_logs(source: Path, target: Path) -> Path:
    """Copy the conn.log and smtp.log of all folders below, rotated ones too."""
    for log in (path for path in source.rglob("*.log*") if path.name.split(".")[0] in {"conn", "smtp"}):
        copy = target / log.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(log, copy)
    return target
