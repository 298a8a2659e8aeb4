"""The state file: whole, damaged, or with reports that wait."""

from pathlib import Path

from zeeksmtp.doctor.state_file import readable
from zeeksmtp.state import outbox
from zeeksmtp.state.store import NAME, open_store


def _state(folder: Path, error: str | None = None) -> Path:
    with open_store(folder / NAME) as store, store.transaction() as connection:
        outbox.put(connection, "p1", "subject", "{}", ["mail"])
        if error:
            outbox.record_failure(connection, outbox.waiting(connection)[0], error)
    return folder


def test_without_a_state_there_is_nothing_to_check(tmp_path: Path) -> None:
    assert list(readable(None)) == []
    assert list(readable(tmp_path)) == []


def test_a_state_that_is_whole_is_left_as_it_is(tmp_path: Path) -> None:
    _state(tmp_path)
    before = (tmp_path / NAME).read_bytes()
    assert [check.verdict for check in readable(tmp_path)] == ["ok"]
    assert (tmp_path / NAME).read_bytes() == before


def test_a_damaged_state_fails_and_is_named_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"no database at all, but long enough to be taken for one" * 20)
    (check,) = readable(tmp_path)
    assert check.verdict == "fail"
    assert str(tmp_path / NAME) in check.what
    assert f"mv {tmp_path} " in check.what


def test_a_report_that_could_not_be_delivered_is_listed_with_the_reason(tmp_path: Path) -> None:
    checks = list(readable(_state(tmp_path, "mail by mx port 25: refused; check `host`")))
    assert [(check.verdict, check.about) for check in checks] == [("ok", "state file"), ("warn", "delivery")]
    assert checks[1].remedy == "mail by mx port 25: refused; check `host`"


def test_a_state_that_cannot_be_read_says_for_whom_to_run(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    (check,) = readable(tmp_path)
    assert check.verdict == "fail"
    assert check.remedy is not None
    assert "user of the pass" in check.remedy
