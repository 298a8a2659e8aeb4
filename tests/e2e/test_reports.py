"""What holds of every report: the schema, the accounting, sameness, and that nothing secret is in it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jsonschema
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zeeksmtp.outputs
from tests.conftest import EXAMPLES_OF_REPORTS as EXAMPLES
from tests.conftest import WIDE
from tests.e2e import _runs
from tests.e2e._runs import CAPTURES, FORMS, NAMES, OFFICE, Json
from zeeksmtp import registry
from zeeksmtp.cli.app import run
from zeeksmtp.model import Report

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
OUTPUTS = registry.names(zeeksmtp.outputs)
SECRETIVE = [name for name in NAMES if _runs.secrets(name)]

LOGS = ("conn", "smtp", "smtp_cmd", "smtp_auth", "smtp_session", "ssl", "dns", "files", "weird")
SOURCES = [CAPTURES / name / form for name in NAMES for form in FORMS] + [OFFICE / "logs"]
each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda path: "-".join(path.parts[-2:]))


@each_source
def test_a_report_keeps_to_the_schema(source: Path) -> None:
    jsonschema.validate(_runs.report(source), SCHEMA, format_checker=jsonschema.FormatChecker())


@each_source
def test_every_line_is_accounted_for(source: Path) -> None:
    inputs = _runs.report(source)["inputs"]
    used = [file for file in inputs["files"] if file["log"]]
    for file in used:
        assert file["kept"] + file["skipped"] + file["rejected"] == _runs.data_lines(Path(file["path"])), file["path"]
    sums = {key: sum(file[key] for file in used) for key in ("kept", "skipped", "rejected")}
    assert inputs["totals"] == {"files": len(used), "lines": sum(sums.values()), **sums}
    assert sums["rejected"] == 0


@each_source
def test_every_file_is_named(source: Path) -> None:
    document = Counter(file["path"] for file in _runs.report(source)["inputs"]["files"])
    assert document == Counter(str(path) for path in source.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", NAMES)
def test_both_formats_say_the_same(name: str) -> None:
    def facts(document: Json) -> Json:
        return {key: value for key, value in document.items() if key not in {"run", "inputs"}}

    tsv, json_ = (_runs.capture(name, form) for form in FORMS)
    assert facts(tsv) == facts(json_)
    assert tsv["inputs"]["totals"] == json_["inputs"]["totals"]


@pytest.mark.parametrize("source", [OFFICE / "logs", CAPTURES / "starttls_stripped" / "json"], ids=lambda p: p.name)
@pytest.mark.parametrize("form", OUTPUTS)
def test_a_second_run_writes_the_same_bytes(form: str, source: Path) -> None:
    first, second = _runs.rendered(form, _runs.analysis(source)), _runs.rendered(form, _again(source))
    assert _apart_from_run(form, first) == _apart_from_run(form, second)


@cache
def _again(source: Path) -> Report:
    return _runs.analysed(source)


def _apart_from_run(form: str, text: str) -> str:
    """Leave out what differs between two runs: when, how long."""
    if form == "json":
        return json.dumps(_runs.without_run(json.loads(text)))
    return re.sub("<p>Generated .* in .* s\\.", "", text) if form == "html" else text


@each_source
def test_ids_are_unique(source: Path) -> None:
    document = _runs.report(source)
    for kind in ("findings", "incidents"):
        assert [id_ for id_, times in Counter(part["id"] for part in document[kind]).items() if times > 1] == [], kind


# Secrets


@pytest.mark.parametrize("form", OUTPUTS)
@pytest.mark.parametrize("name", SECRETIVE)
def test_no_output_has_a_secret(name: str, form: str) -> None:
    written = _runs.rendered(form, _runs.analysis(CAPTURES / name / "tsv"))
    assert [line for line in _runs.secrets(name) if line in written] == []


@pytest.mark.parametrize("name", SECRETIVE)
def test_no_parquet_has_a_secret(name: str, tmp_path: Path) -> None:
    assert run(["export", str(CAPTURES / name / "tsv"), "-o", str(tmp_path / "out"), "--quiet"]) == 0
    parts = sorted((tmp_path / "out").rglob("*.parquet"))
    assert len(parts) > 10
    for part in parts:
        for row in pl.read_parquet(part).to_dicts():
            cells = json.dumps(list(row.values()), default=str, ensure_ascii=False)
            assert [line for line in _runs.secrets(name) if line in cells] == [], part.name


@pytest.mark.parametrize("name", SECRETIVE)
def test_no_word_to_the_user_has_a_secret(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    source = str(CAPTURES / name / "tsv")
    for words in (["report", source], ["logs", source, "--rejected"]):
        run(words)
    said = "".join(capfd.readouterr())
    assert said
    assert [line for line in _runs.secrets(name) if line in said] == []


# Logs that are not there


def check_without(name: str, there: set[str], tmp_path: Path) -> None:
    logs = _runs.some_logs(CAPTURES / name / "tsv", there, tmp_path / "logs")
    document = json.loads(_runs.rendered("json", _runs.analysed(logs)))
    assert document["errors"] == []
    assert {log for log, seen in document["coverage"]["logs"].items() if seen} == there
    notes = " ".join(document["coverage"]["notes"])
    assert all(f"{log}.log" in notes for log in set(LOGS) - there)
    jsonschema.validate(document, SCHEMA)


def _there(name: str) -> list[str]:
    return sorted({log.stem for log in (CAPTURES / name / "tsv").glob("*.log")} & set(LOGS))


def _one_missing() -> Iterator[tuple[str, str]]:
    """Yield each capture with one of its logs, all logs about as often; in a wide run each capture with every log."""
    times = Counter[str]()
    for name in NAMES:
        there = _there(name)
        rarest = min(there, key=lambda log: (times[log], log))
        times[rarest] += 1
        yield from [(name, log) for log in there if WIDE or log == rarest]


def test_every_log_is_missing_once() -> None:
    assert {log for _, log in _one_missing()} == {log for name in NAMES for log in _there(name)}


@pytest.mark.parametrize(("name", "missing"), list(_one_missing()))
def test_without_one_log(name: str, missing: str, tmp_path: Path) -> None:
    check_without(name, set(_there(name)) - {missing}, tmp_path)


@pytest.mark.parametrize("only", [log for log in LOGS if log != "weird"])
def test_with_one_log_alone(only: str, tmp_path: Path) -> None:
    check_without("mixed_office_day", {only}, tmp_path)


@settings(max_examples=EXAMPLES)
@given(st.data())
def test_with_any_logs(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    kept = data.draw(st.sets(st.sampled_from(_there(name)), min_size=1))
    check_without(name, kept, tmp_path_factory.mktemp("some"))


@pytest.fixture(scope="module")
def no_utf8(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return the report of a folder whose name is no UTF-8."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path_factory.mktemp("odd")) + b"/\xff"))
    shutil.copytree(CAPTURES / "vrfy_scan" / "tsv", folder)
    return _runs.analysed(folder)


@pytest.mark.parametrize("form", OUTPUTS)
def test_a_name_that_is_no_utf8_is_shown_byte_by_byte(form: str, no_utf8: Report) -> None:
    assert "\udcff" not in _runs.rendered(form, no_utf8)
