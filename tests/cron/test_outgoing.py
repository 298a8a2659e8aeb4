"""A report that an output fails on waits, and is said; it holds up neither the pass nor the reports behind it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import CAPTURES
from tests.cron._site import Site
from zeeksmtp.cli import app
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Report, View
from zeeksmtp.outputs import csv, terminal
from zeeksmtp.state import outbox

LEAK = "auth_plain_initial"


def test_an_output_that_fails_on_one_report(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception quotes what was logged, so only its kind is shown and remembered."""
    files = [tmp_path / "report.csv", tmp_path / "report.json"]
    site.given = {"report_files": [str(path) for path in files]}
    lame: list[Report] = []
    healthy = csv.OUTPUT.render

    def render(report: Report, view: View) -> str:
        lame[:] = lame or [report]
        if report == lame[0]:
            raise ValueError("hunter2")
        return healthy(report, view)

    with monkeypatch.context() as patch:
        patch.setattr(csv, "OUTPUT", replace(csv.OUTPUT, render=render))
        site.put(LEAK)
        (said,) = site.run().undelivered
        (first,) = site.waiting()
        assert f"csv failed on report {first.envelope} (ValueError)" in said and "waits for the next pass" in said
        assert (first.attempts, first.transports) == (1, ("file",))
        _more(site)
        assert len(site.run().undelivered) == 1
        (row,) = site.waiting()
        assert (row.id, row.attempts) == (first.id, 2)
        assert "hunter2" not in f"{said} {row.error}"
        assert {f["state"] for f in json.loads(files[1].read_text())["findings"]} == {"new", "quiet"}, "the second"
    assert site.run().undelivered == () and site.waiting() == []


def _more(site: Site) -> None:
    (site.logs / "second").mkdir()
    for path in (CAPTURES / "vrfy_scan" / "tsv").glob("*.log"):
        site.write(f"second/{path.name}", path.read_bytes())


def test_a_report_in_the_outbox_that_cannot_be_read(site: Site) -> None:
    """A program of another version may have left it."""
    site.put(LEAK)
    site.run()
    site.within(lambda connection: outbox.put(connection, "odd", "subject", '{"a": "hunter2"}', ("stdout",)))
    _more(site)
    (said,) = site.run().undelivered
    assert "report odd (ValidationError)" in said and "hunter2" not in said
    assert len(site.shown) == 2 and [row.envelope for row in site.waiting()] == ["odd"]


def test_a_report_that_cannot_be_read_is_let_go_like_others(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was news in it is not known; that must not end every pass from then on."""
    monkeypatch.setattr("zeeksmtp.cron.recording.MAX_WAITING_REPORTS", 1)
    site.put(LEAK)
    site.run()
    site.within(lambda connection: outbox.put(connection, "odd", "subject", '{"a": "hunter2"}', ("stdout",)))
    _more(site)
    assert site.run().undelivered == ()
    assert len(site.shown) == 2 and site.waiting() == []


@pytest.mark.parametrize(
    ("error", "code"), [(KeyError("hunter2"), ExitCode.DEGRADED), (OSError(28, "full"), ExitCode.UNUSABLE)]
)
def test_stdout(
    error: Exception, code: ExitCode, site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be written, in contrast to what cannot be rendered, is the machine's trouble and ends the pass."""

    def render(report: Report, view: View) -> str:
        raise error

    monkeypatch.setattr(terminal, "OUTPUT", replace(terminal.OUTPUT, render=render))
    site.put(LEAK)
    config = site.home / "zeeksmtp.toml"
    config.write_text(f'log_dir = "{site.logs}"\nstate_dir = "{site.state}"\n')
    assert app.run(["cron", "--config", str(config)]) == code
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1 and "hunter2" not in said.err
    assert len(site.waiting()) == 1
