"""The state file: created private, checked, of one version; what cannot be used is named and left as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from zeeksmtp.errors import UnusableError
from zeeksmtp.state import ledger
from zeeksmtp.state._tables import SCHEMA_VERSION
from zeeksmtp.state.store import get_meta, open_store, set_meta


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a state file is to be."""
    return tmp_path / "state.sqlite"


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as state:
        version: int = state.execute("PRAGMA user_version").fetchone()[0]
    return version


def test_a_new_state_is_private_and_in_wal_mode(path: Path) -> None:
    with open_store(path) as store, store.transaction() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert len(get_meta(connection, "salt") or "") == 32
        assert {file.stat().st_mode & 0o077 for file in path.parent.iterdir()} == {0}
    assert version_of(path) == SCHEMA_VERSION
    assert [file.name for file in path.parent.iterdir()] == ["state.sqlite"]


def test_a_transaction_counts_whole_or_not_at_all(path: Path) -> None:
    with open_store(path) as store:
        with pytest.raises(RuntimeError), store.transaction() as connection:
            set_meta(connection, "word", "value")
            raise RuntimeError
        with store.transaction() as connection:
            assert get_meta(connection, "word") is None
            set_meta(connection, "word", "value")
    with open_store(path) as store, store.transaction() as connection:
        assert get_meta(connection, "word") == "value"


def test_a_state_whose_creation_was_killed_is_created(path: Path) -> None:
    path.touch(mode=0o600)
    with open_store(path) as store, store.transaction() as connection:
        assert get_meta(connection, "salt")


@pytest.mark.parametrize("version", [0, 1, SCHEMA_VERSION - 1, 99])
def test_another_version_is_refused_with_the_remedy_and_left_as_it_is(version: int, path: Path) -> None:
    with closing(sqlite3.connect(path)) as state, state:
        state.executescript(f"CREATE TABLE finding (id VARCHAR PRIMARY KEY); PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(UnusableError) as refused, open_store(path):
        pass
    assert f"is of another version of zeeksmtp (schema {version}, this one uses {SCHEMA_VERSION})" in str(refused.value)
    assert f"mv {path.parent} {path.parent}.old" in str(refused.value)
    with closing(sqlite3.connect(path)) as state:
        assert state.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("finding",)]
    assert len(path.read_bytes()) == len(before) and version_of(path) == version


@pytest.mark.parametrize("damage", ["text", "cut", "zeros", "pages"])
def test_a_damaged_state_is_refused_and_left_as_it_is(damage: str, path: Path) -> None:
    with open_store(path) as store, store.transaction() as connection:
        for number in range(500):
            set_meta(connection, f"name {number}", "x" * 100)
    whole = path.read_bytes()
    broken = {
        "text": b"hello, this is no database, whatever its name may say\n" * 10,
        "cut": whole[: len(whole) // 2],
        "zeros": whole[:4096] + bytes(len(whole) - 4096),
        "pages": whole[:8192] + whole[16384:24576] + whole[16384:],
    }[damage]
    path.write_bytes(broken)
    with pytest.raises(UnusableError, match=r"is damaged and was left as it is: restore .* or move"), open_store(path):
        pytest.fail("a damaged state was opened")
    assert path.read_bytes() == broken


def test_file_names_that_are_no_utf8_are_remembered(path: Path, tmp_path: Path) -> None:
    odd = tmp_path / "conn-\udcff.log"
    with open_store(path) as store, store.transaction() as connection:
        ledger.save_files(connection, [ledger.KnownFile(odd, 1, 2)], {odd})
        assert ledger.files(connection) == {odd: ledger.KnownFile(odd, 1, 2)}
        ledger.save_files(connection, [], set())
        assert ledger.files(connection) == {}
