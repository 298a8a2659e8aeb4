"""Whatever the logs hold, a report stays below 20 MB in every form, and says what it leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest

import zeeksmtp.outputs
from tests.outputs import _reports
from zeeksmtp import registry
from zeeksmtp.config import Settings
from zeeksmtp.model import Finding, Problem, Report, View
from zeeksmtp.pipeline import Request, run
from zeeksmtp.report.size import MAX_BYTES, MAX_CHARACTERS, within_size

LIMIT_OF_EVERY_FORM = 20_000_000
OUTPUTS = registry.discover(zeeksmtp.outputs, "OUTPUT")


def flooded() -> Report:
    """Return a report with 3,000 findings and 300 incidents, each with hundreds of long names."""
    report = _reports.full()
    names = tuple(f"user{n}-{'x' * 1000}" for n in range(150))

    def copies(number: int) -> list[Finding]:
        finding = report.findings[0]
        return [finding.model_copy(update={"id": f"{n:016x}", "accounts": names}) for n in range(number)]

    incident = report.incidents[0]
    incidents = [incident.model_copy(update={"id": f"{n:016x}", "accounts": names}) for n in range(300)]
    return report.model_copy(update={"findings": tuple(copies(3000)), "incidents": tuple(incidents)})


@pytest.fixture(scope="module")
def bounded() -> Report:
    return within_size(flooded())


def test_an_ordinary_report_is_left_as_it_is() -> None:
    report = _reports.full()
    assert within_size(report) is report


def test_a_flood_is_cut_to_size_and_says_so(bounded: Report) -> None:
    assert len(bounded.model_dump_json()) <= MAX_BYTES
    (note, *_) = bounded.coverage.notes
    assert note.startswith("Left out, as the report would be larger than 8 MB: ")
    assert f"{3000 - len(bounded.findings):,} findings" in note and len(bounded.findings) > 100
    assert [f.id for f in bounded.findings] == [f.id for f in flooded().findings][: len(bounded.findings)]


@pytest.mark.parametrize("form", OUTPUTS)
def test_every_form_of_it_is_below_20_mb(form: str, bounded: Report) -> None:
    assert len(OUTPUTS[form].render(bounded, View(full=True)).encode()) < LIMIT_OF_EVERY_FORM


def test_lists_that_files_and_servers_fill_are_cut_too() -> None:
    """Ten thousands of damaged files and of servers, each a line of its own."""
    report = _reports.full()
    (server, *_), problem = report.posture.servers, Problem(where="conn.log", what="x" * 190)
    posture = report.posture.model_copy(update={"servers": (server,) * 30_000})
    small = within_size(report.model_copy(update={"posture": posture, "errors": (problem,) * 50_000}))
    assert len(small.model_dump_json()) <= MAX_BYTES
    assert f"{50_000 - len(small.errors):,} errors" in small.coverage.notes[0] and len(small.errors) > 1000
    assert f"{30_000 - len(small.posture.servers):,} servers" in small.coverage.notes[0]


def test_texts_of_megabytes_are_cut(tmp_path: Path) -> None:
    """One login each: as RFC 5321 would not allow it, but Zeek logs it."""
    columns = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p seq mechanism user secret_kind secret_length outcome"
    head = [r"#separator \x09", "#path\tsmtp_auth", "#fields\t" + "\t".join(columns.split())]
    rows = [
        f"{1795458000 + n}.0 C{n} 10.0.0.{n + 1} 5{n} 10.0.1.25 587 2 LOGIN u{n}{'x' * 1_000_000} password 6 success"
        for n in range(9)
    ]
    text = "\n".join([*head, *(row.replace(" ", "\t") for row in rows), ""])
    (tmp_path / "smtp_auth.log").write_text(text, encoding="ascii")
    report = run(Request((tmp_path,), Settings()))
    assert report.inputs.totals.kept == len(rows)
    assert len(report.findings) >= len(rows)
    assert len(report.model_dump_json()) <= MAX_BYTES
    assert all(len(account) > MAX_CHARACTERS - 1 for f in report.findings for account in f.accounts)
