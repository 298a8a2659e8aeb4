"""What counts as taken: by content, not by name; each line once, whatever becomes of the file it stood in."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.conftest import CAPTURES
from tests.cron._site import Site, rows_of
from zeeksmtp.errors import NoInputError
from zeeksmtp.reading.discover import Source, find

CASE = "auth_plain_initial"
LOG = (CAPTURES / CASE / "tsv" / "smtp_cmd.log").read_bytes()
LINES = LOG.splitlines(keepends=True)
JSON = (CAPTURES / CASE / "json" / "smtp_cmd.log").read_bytes()


@pytest.fixture
def whole(tmp_path: Path) -> object:
    """Return the rows of the whole smtp_cmd.log."""
    return rows_of(CASE, tmp_path / "whole", "smtp_cmd")


def test_a_grown_file_gives_its_new_lines(site: Site, whole: object) -> None:
    site.write("smtp_cmd.log", b"".join(LINES[:15]))
    first = site.run()
    site.write("smtp_cmd.log", b"".join(LINES[15:]), append=True)
    second = site.run()
    assert [len(result.files) for result in (first, second)] == [1, 1]
    assert site.rows() == whole
    assert len(site.parts()) == 2


def test_a_half_line_waits_for_the_rest_and_is_not_rejected(site: Site, whole: object) -> None:
    site.write("smtp_cmd.log", b"".join(LINES[:15]) + LINES[15][:40])
    result = site.run()
    assert result.report is not None
    (file,) = result.report.inputs.files
    assert file.rejected == 0 and file.note is not None and "not finished" in file.note
    site.write("smtp_cmd.log", LINES[15][40:] + b"".join(LINES[16:]), append=True)
    result = site.run()
    assert result.report is not None
    assert result.report.inputs.totals.rejected == 0
    assert site.rows() == whole


def test_a_half_line_of_a_packed_file_is_rejected_once(site: Site) -> None:
    """No more comes: as `report` has it."""
    site.write("smtp_cmd.log", b"".join(LINES[:15]) + LINES[15][:40])
    site.run()
    rows = site.rows()
    (site.logs / "smtp_cmd.log").unlink()
    site.write("smtp_cmd.10:00:00-11:00:00.log.gz", gzip.compress(b"".join(LINES[:15]) + LINES[15][:40]))
    site.run()
    taken = site.within(lambda c: c.exec_driver_sql("select sum(rejected) from ingest").scalar_one())
    assert taken == 1 and site.rows() == rows
    assert site.run().files == ()


def test_a_last_json_object_without_its_end_counts_once(site: Site) -> None:
    lines = JSON.splitlines(keepends=True)
    site.write("smtp_cmd.log", b"".join(lines[:9]) + lines[9].rstrip(b"\n"))
    site.run()
    site.write("smtp_cmd.log", b"\n" + b"".join(lines[10:]), append=True)
    site.run()
    assert sum(site.rows().values()) == len(lines)


@pytest.mark.parametrize("name", ["smtp_cmd.10:00:00-11:00:00.log", "smtp_cmd.log.gz", "older/smtp_cmd.log"])
def test_a_renamed_or_packed_file_is_not_counted_twice(name: str, site: Site, whole: object) -> None:
    site.write("smtp_cmd.log", LOG)
    site.run()
    (site.logs / "smtp_cmd.log").unlink()
    (site.logs / name).parent.mkdir(exist_ok=True)
    site.write(name, gzip.compress(LOG) if name.endswith(".gz") else LOG)
    result = site.run()
    assert (result.files, result.report) == ((), None)
    assert site.rows() == whole


def test_a_file_that_grew_and_was_packed_between_two_passes(site: Site, whole: object) -> None:
    site.write("smtp_cmd.log", b"".join(LINES[:20]))
    site.run()
    (site.logs / "smtp_cmd.log").unlink()
    site.write("smtp_cmd.10:00:00-11:00:00.log.gz", gzip.compress(LOG))
    site.run()
    assert site.rows() == whole


def test_a_file_and_its_copy_count_once(site: Site, whole: object) -> None:
    site.write("smtp_cmd.log", LOG)
    (site.logs / "copy").mkdir()
    site.write("copy/smtp_cmd.log", LOG)
    site.run()
    assert site.rows() == whole


def test_a_copy_that_lags_behind_is_known(site: Site, whole: object) -> None:
    """The original has grown since; its beginning is known all the same, as long as a file is like that."""
    (site.logs / "copy").mkdir()
    for name in ("smtp_cmd.log", "copy/smtp_cmd.log"):
        site.write(name, b"".join(LINES[:15]))
    site.run()
    site.write("smtp_cmd.log", b"".join(LINES[15:]), append=True)
    site.run()
    site.touch(site.logs / "copy" / "smtp_cmd.log", 10_000)
    assert site.run().files == ()
    assert site.rows() == whole


def test_a_file_that_begins_anew_at_its_place(site: Site, whole: object) -> None:
    """Rotation by copying and truncating: what was there stays, what is new comes on top."""
    site.write("smtp_cmd.log", b"".join(LINES[:20]))
    site.run()
    site.write("smtp_cmd.log", b"".join([*LINES[:8], *LINES[20:]]))
    site.run()
    assert site.rows() == whole


@pytest.mark.parametrize("kept", [12, 20])
def test_a_file_that_was_cut_and_grows_on(kept: int, site: Site, whole: object) -> None:
    """A crash took its end, or someone edited it: rows that were taken stay, and none counts twice."""
    site.write("smtp_cmd.log", b"".join(LINES[:25]))
    site.run()
    site.write("smtp_cmd.log", b"".join(LINES[:kept]))
    site.run()
    site.write("smtp_cmd.log", b"".join(LINES[25:]), append=True)
    site.run()
    assert site.rows() == whole


def test_a_row_that_was_logged_twice_counts_twice(site: Site) -> None:
    """In one file: only what is known from an earlier pass is left out, as often as it was there."""
    site.write("smtp_cmd.log", b"".join([*LINES[:12], LINES[11]]))
    site.run()
    assert max(site.rows().values()) == 2
    site.write("smtp_cmd.log", b"".join([*LINES[:10], LINES[11], LINES[11], LINES[11], *LINES[12:14]]))
    site.run()
    assert max(site.rows().values()) == 3


def test_other_content_of_the_same_size_is_taken(site: Site) -> None:
    site.write("smtp_cmd.log", LOG)
    site.run()
    before = site.rows()
    changed = LOG.replace(b"10.20.1.11", b"10.20.1.99")
    assert len(changed) == len(LOG) and changed != LOG
    site.write("other.smtp_cmd.log", changed)
    (site.logs / "other.smtp_cmd.log").rename(site.logs / "smtp_cmd.11:00:00-12:00:00.log")
    site.run()
    assert sum(site.rows().values()) == 2 * sum(before.values())


def test_a_file_that_is_still_written_is_left(site: Site, whole: object) -> None:
    site.put(CASE, "smtp")
    site.touch(site.write("smtp_cmd.log", LOG), 30)
    result = site.run()
    assert result.deferred == 1 and result.report is not None
    notes = {Path(file.path).name: file.note for file in result.report.inputs.files}
    assert "left for a later pass" in (notes["smtp_cmd.log"] or "")
    site.touch(site.logs / "smtp_cmd.log", 200)
    assert [path.name for path in site.run().files] == ["smtp_cmd.log"]


def test_a_clock_that_was_set_back_does_not_hold_files_up(site: Site, whole: object) -> None:
    site.touch(site.write("smtp_cmd.log", LOG), -86_400 * 300)
    site.run()
    assert site.rows() == whole
    site.now = site.now.replace(year=2019)
    assert site.run().files == ()
    assert site.rows() == whole, "nothing ages by a clock that is wrong"


def test_a_file_that_goes_while_the_pass_runs_is_no_trouble(site: Site, whole: object) -> None:
    """It was renamed: what it held comes under its new name."""
    site.put(CASE, "smtp_cmd", "smtp")
    moved = site.logs / "smtp_cmd.10:00:00-11:00:00.log"

    def rotate(_: list[Source]) -> None:
        (site.logs / "smtp_cmd.log").rename(moved)

    result = site.run(started=rotate)
    assert not result.degraded and result.deferred == 1
    assert [path.name for path in result.files] == ["smtp.log"]
    result = site.run()
    assert result.files == (moved,)
    assert {row for row in site.rows() if row.startswith("smtp_cmd ")} == set(whole)  # type: ignore[call-overload]


def test_a_file_that_is_replaced_while_the_pass_runs_counts_later(site: Site, whole: object) -> None:
    site.put(CASE, "smtp_cmd", "smtp")

    def replace(_: list[Source]) -> None:
        (site.logs / "smtp_cmd.log").unlink()
        site.write("smtp_cmd.log", b"".join(LINES[:12]))

    assert site.run(started=replace).deferred == 1
    site.write("smtp_cmd.log", LOG)
    site.run()
    assert {row for row in site.rows() if row.startswith("smtp_cmd ")} == set(whole)  # type: ignore[call-overload]


def test_a_file_gone_for_good_keeps_what_it_gave(site: Site, whole: object) -> None:
    site.write("smtp_cmd.log", LOG)
    site.run()
    (site.logs / "smtp_cmd.log").unlink()
    site.write("http.log", b"#separator \\x09\n#path\thttp\n#fields\tts\tuid\n")
    assert not site.run().degraded
    assert site.rows() == whole


def test_a_damaged_file_degrades_the_pass_that_reads_it_and_is_reported_once(site: Site) -> None:
    packed = gzip.compress(LOG)
    site.write("smtp_cmd.log.gz", packed[:-200])
    first = site.run()
    assert first.degraded and first.report is not None
    assert "damaged gzip" in first.report.errors[0].what
    before = sum(site.rows().values())
    second = site.run()
    assert (second.degraded, second.news) == (False, False)
    site.write("smtp_cmd.log.gz", packed)
    assert not site.run().degraded
    assert sum(site.rows().values()) > before and set(site.rows().values()) == {1}


def test_an_empty_folder_is_said_so(site: Site) -> None:
    with pytest.raises(NoInputError, match="no Zeek log to read"):
        site.run()


def test_what_is_no_log_is_looked_at_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put(CASE)
    site.write("notes.txt", b"hello\n")
    site.run()
    looked: list[Path] = []
    monkeypatch.setattr("zeeksmtp.cron.run_pass.sniff", looked.append)
    assert site.run().files == ()
    assert looked == []


@pytest.mark.parametrize("instead", ["nothing", "a folder"])
def test_a_log_that_cannot_be_read_any_more(instead: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gone is no trouble; there and not to be read is, until it is."""
    site.put(CASE, "smtp", "smtp_cmd")
    path = site.logs / "smtp_cmd.log"

    def and_then(*given: object) -> object:
        found = find(*given)  # type: ignore[arg-type]
        path.unlink()
        if instead == "a folder":
            path.mkdir()
        return found

    monkeypatch.setattr("zeeksmtp.cron.run_pass.find", and_then)
    result = site.run()
    assert (result.degraded, result.deferred) == ((False, 1) if instead == "nothing" else (True, 0))
    assert [path.name for path in result.files] == ["smtp.log"]
    monkeypatch.undo()
    if path.exists():
        path.rmdir()
    site.put(CASE, "smtp_cmd")
    assert [path.name for path in site.run().files] == ["smtp_cmd.log"]
