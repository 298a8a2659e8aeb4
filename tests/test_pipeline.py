"""Guards the order of the whole: what a run keeps, what it survives, and that copies of logs change nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from zeeksmtp import config, pipeline
from zeeksmtp.model import Report, Window


def request(*paths: Path, **more: Any) -> pipeline.Request:
    return pipeline.Request(paths, config.load(), **more)


def without_run_and_inputs(report: Report) -> dict[str, Any]:
    return report.model_dump(exclude={"run", "inputs"})


def test_facts_come_after_what_they_need() -> None:
    seen = set(pipeline.logs())
    for fact in pipeline.facts():
        assert set(fact.needs) <= seen, fact.name
        seen.add(fact.name)
    assert len(seen) > len(pipeline.logs())


def test_a_folder_with_tsv_and_json_of_the_same_counts_once(captures: Path) -> None:
    both = pipeline.run(request(captures / "mixed_office_day"))
    one = pipeline.run(request(captures / "mixed_office_day" / "tsv"))
    assert without_run_and_inputs(both) == without_run_and_inputs(one)
    assert both.inputs.totals.kept == 2 * one.inputs.totals.kept


def test_one_file_per_log_or_many_is_the_same(captures: Path, tmp_path: Path) -> None:
    whole = captures / "vrfy_scan" / "tsv"
    for log in whole.glob("*.log"):
        lines = log.read_text().splitlines(keepends=True)
        head, rows = (
            [x for x in lines if x.startswith("#") and not x.startswith("#close")],
            [x for x in lines if x[0] != "#"],
        )
        for n in range(3):
            (tmp_path / f"{log.stem}.{n}0:00:00-{n}1:00:00.log").write_text("".join(head + rows[n::3]))
    split = pipeline.run(request(tmp_path))
    assert split.findings
    assert without_run_and_inputs(split) == without_run_and_inputs(pipeline.run(request(whole)))


def test_rows_before_since_are_history_and_rows_from_until_on_are_not_there(captures: Path) -> None:
    office = request(captures / "mixed_office_day" / "tsv")
    whole = pipeline.run(office)
    (leak,) = [f for f in whole.findings if f.detector == "cleartext-credentials"]
    assert leak.count == 3
    until = pipeline.run(replace(office, window=Window(until=leak.last)))
    since = pipeline.run(replace(office, window=Window(since=leak.last)))
    assert [f.count for f in until.findings if f.id == leak.id] == [2]
    assert [f.count for f in since.findings if f.id == leak.id] == [1]
    assert until.window is not None
    assert until.window.last <= leak.last
    nothing = pipeline.run(replace(office, window=Window(since=datetime(2030, 1, 1, tzinfo=UTC))))
    assert nothing.findings == ()


def test_the_sequential_test_remembers_what_lies_before_since(captures: Path) -> None:
    scan = request(captures / "vrfy_scan" / "tsv")
    (whole,) = [f for f in pipeline.run(scan).findings if f.detector == "user-enumeration"]
    late = pipeline.run(replace(scan, window=Window(since=whole.last)))
    (found,) = [f for f in late.findings if f.detector == "user-enumeration"]
    assert found.evidence.test == whole.evidence.test
    assert found.count < whole.count


def test_a_failed_detector_costs_only_itself(captures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pipeline.detectors()
    broken = replace(next(d for d in whole if d.id == "cleartext-mail"), plan=lambda *_: pl.LazyFrame({"x": [1]}))
    rest = [d for d in whole if d.id != broken.id]
    monkeypatch.setattr(pipeline, "detectors", lambda: [broken, *rest])
    report = pipeline.run(request(captures / "mixed_office_day" / "tsv"))
    assert [problem.where for problem in report.errors] == ["cleartext-mail"]
    assert {f.detector for f in report.findings} >= {"cleartext-credentials", "user-enumeration"}


def test_export_leaves_lake_and_facts_for_nobody_else(captures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    pipeline.export(request(captures / "mixed_office_day" / "tsv"), folder)
    assert {path.name for path in (folder / "lake").iterdir()} >= {"conn", "smtp", "smtp_auth"}
    assert {path.stem for path in (folder / "facts").iterdir()} == {fact.name for fact in pipeline.facts()}
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}
    assert {oct(path.stat().st_mode & 0o777) for path in [folder, *folder.rglob("*")] if path.is_dir()} == {"0o700"}


def test_declared_columns_are_what_the_facts_have(captures: Path, tmp_path: Path) -> None:
    from zeeksmtp.dtypes import schema_of

    pipeline.export(request(captures / "mixed_office_day" / "tsv"), tmp_path)
    for fact in pipeline.facts():
        assert pl.read_parquet_schema(tmp_path / "facts" / f"{fact.name}.parquet") == dict(schema_of(fact.columns))


def test_a_missing_log_is_a_note_that_names_who_is_blind(captures: Path, tmp_path: Path) -> None:
    shutil.copy(captures / "mixed_office_day" / "tsv" / "conn.log", tmp_path)
    report = pipeline.run(request(tmp_path))
    assert report.coverage.logs == {name: name == "conn" for name in pipeline.logs()}
    assert any("smtp_auth.log is missing" in note and "cleartext-credentials" in note for note in report.coverage.notes)
    assert report.posture.sessions > 0
    assert {server.starttls_offered for server in report.posture.servers} == {None}


def test_a_blind_detector_finds_nothing(captures: Path, tmp_path: Path) -> None:
    """smtp.log alone cannot tell who scans: what did not answer is not in it."""
    shutil.copy(captures / "spambot_direct_to_mx" / "tsv" / "smtp.log", tmp_path)
    report = pipeline.run(request(tmp_path))
    known = {detector.id: detector for detector in pipeline.detectors()}
    assert any("conn.log is missing" in note and "smtp-scan" in note for note in report.coverage.notes)
    found = {finding.detector for finding in report.findings}
    assert found
    assert not {name for name in found if known[name].visibility({"smtp"}) == "blind"}


def test_a_log_of_the_package_without_lines_blinds_nobody(captures: Path, tmp_path: Path) -> None:
    for log in ("conn", "smtp", "smtp_session"):
        shutil.copy(captures / "blocklist_refusals" / "tsv" / f"{log}.log", tmp_path)
    report = pipeline.run(request(tmp_path))
    assert "blocklisted-sender" in {finding.detector for finding in report.findings}
    assert not any("smtp_cmd.log" in note and "blind" in note for note in report.coverage.notes)


def test_progress_is_told_of_every_file(captures: Path) -> None:
    progressed: list[Path] = []
    totals: list[int] = []
    run_request = request(
        captures / "vrfy_scan" / "tsv",
        progress=lambda record: progressed.append(record.source.path),
        started=lambda sources: totals.append(len(sources)),
    )
    pipeline.run(run_request)
    assert totals == [len(progressed)]
