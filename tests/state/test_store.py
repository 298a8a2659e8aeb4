"""The state file: made closed, checked, migrated; what cannot be used is said and left as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from tests.findings import plain
from zeeksmtp.errors import UnusableError
from zeeksmtp.model import FINDING_JSON
from zeeksmtp.state import _migrations, findings, ledger
from zeeksmtp.state.store import note, opened, told


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give where a state file is to be."""
    return tmp_path / "state.sqlite"


def test_a_new_state_is_closed_to_others_and_in_wal_mode(path: Path) -> None:
    with opened(path) as store, store.transaction() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert _migrations.version_of(connection) == _migrations.NEWEST
        assert len(told(connection, "salt") or "") == 32
        assert {file.stat().st_mode & 0o077 for file in path.parent.iterdir()} == {0}


def test_a_transaction_counts_whole_or_not_at_all(path: Path) -> None:
    with opened(path) as store:
        with pytest.raises(RuntimeError), store.transaction() as connection:
            note(connection, "word", "said")
            raise RuntimeError
        with store.transaction() as connection:
            assert told(connection, "word") is None


def test_the_log_is_carried_over_and_gone_with_the_store(path: Path) -> None:
    log = path.with_name("state.sqlite-wal")
    with opened(path):
        pass
    with opened(path) as store:
        for number in range(3):
            with store.transaction() as connection:
                note(connection, "word", str(number))
        assert log.exists()
    assert not log.exists()
    with opened(path) as store, store.reading() as connection:
        assert told(connection, "word") == "2"


def test_an_older_version_is_migrated_with_all_that_is_in_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(path) as store, store.transaction() as connection:
        note(connection, "word", "said")
        salt = told(connection, "salt")

    def step(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE pass ADD COLUMN mood VARCHAR"))

    monkeypatch.setattr(_migrations, "STEPS", {_migrations.NEWEST: step})
    monkeypatch.setattr(_migrations, "NEWEST", _migrations.NEWEST + 1)
    for _ in range(2):
        with opened(path) as store, store.transaction() as connection:
            assert (told(connection, "word"), told(connection, "salt")) == ("said", salt)
            assert connection.execute(text("SELECT mood FROM pass")).all() == []
            assert _migrations.version_of(connection) == _migrations.NEWEST


VERSION_1 = """
    CREATE TABLE about (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
    CREATE TABLE finding (
        id VARCHAR PRIMARY KEY, state VARCHAR NOT NULL, first_pass INTEGER NOT NULL, last_pass INTEGER NOT NULL,
        seen_count INTEGER NOT NULL, body VARCHAR NOT NULL, severity VARCHAR NOT NULL, reason VARCHAR,
        acknowledged VARCHAR
    );
    PRAGMA user_version = 1;
"""


def test_findings_of_version_1_are_what_they_were(path: Path) -> None:
    """One that the last pass had, one that is quiet since the pass before, one that was acknowledged."""
    states = {"a" * 16: ("new", 7), "b" * 16: ("quiet", 6), "c" * 16: ("acknowledged", 7)}
    with closing(sqlite3.connect(path)) as old, old:
        old.executescript(VERSION_1)
        for id_, (state, last_pass) in states.items():
            body = FINDING_JSON.dump_json(plain(id=id_, state=state)).decode()
            at = "2026-11-24T00:00:00+00:00" if state == "acknowledged" else None
            row = (id_, state, 2, last_pass, 1, body, "medium", None, at)
            old.execute("INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    with opened(path) as store, store.transaction() as connection:
        known = findings.known(connection)
        assert {id_: (k.finding.state, k.last_pass) for id_, k in known.items()} == states
        assert findings.made_of(connection) == {} and findings.last_judged(connection) == 7
        past = findings.past(connection, states)
        assert {id_: (p.first, p.last, p.count) for id_, p in past.items()} == {
            id_: (k.finding.first, k.finding.last, k.finding.count) for id_, k in known.items()
        }
        findings.judged(connection, 8)
        rested = {id_: k.finding.state for id_, k in findings.known(connection).items()}
    assert rested == dict(zip(states, ["quiet", "quiet", "acknowledged"], strict=True))


def test_a_migration_that_fails_leaves_the_old_state(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(path):
        pass

    def step(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE pass ADD COLUMN mood VARCHAR"))
        raise RuntimeError

    before = _migrations.NEWEST
    monkeypatch.setattr(_migrations, "STEPS", {before: step})
    monkeypatch.setattr(_migrations, "NEWEST", before + 1)
    with pytest.raises(RuntimeError), opened(path):
        pass
    with sqlite3.connect(path) as state:
        assert state.execute("PRAGMA user_version").fetchone() == (before,)
        assert "mood" not in state.execute("select sql from sqlite_master where name = 'pass'").fetchone()[0]
    state.close()


def test_a_newer_version_is_refused(path: Path) -> None:
    with opened(path):
        pass
    state = sqlite3.connect(path)
    state.execute("PRAGMA user_version = 99")
    state.commit()
    state.close()
    before = path.read_bytes()
    with pytest.raises(UnusableError, match=r"written by a newer zeeksmtp \(schema 99"), opened(path):
        pass
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", ["text", "cut", "zeros", "pages"])
def test_a_damaged_state_is_said_and_left(damage: str, path: Path) -> None:
    with opened(path) as store, store.transaction() as connection:
        for number in range(500):
            note(connection, f"name {number}", "x" * 100)
    whole = path.read_bytes()
    broken = {
        "text": b"hello, this is no database, whatever its name may say\n" * 10,
        "cut": whole[: len(whole) // 2],
        "zeros": whole[:4096] + bytes(len(whole) - 4096),
        "pages": whole[:8192] + whole[16384:24576] + whole[16384:],
    }[damage]
    path.write_bytes(broken)
    with pytest.raises(UnusableError, match=r"is damaged and was left as it is: restore .* or move"), opened(path):
        pass
    assert path.read_bytes() == broken


def test_nothing_counts_over_a_damaged_state(path: Path) -> None:
    """Reading may go on before the damage is known; then nothing is written, and what failed is told as damage."""
    with opened(path) as store, store.transaction() as connection:
        for number in range(500):
            note(connection, f"name {number}", "x" * 100)
    whole = path.read_bytes()
    path.write_bytes(broken := whole[:8192] + whole[16384:24576] + whole[16384:])
    with pytest.raises(UnusableError, match="is damaged"), opened(path) as store, store.transaction():
        pytest.fail("a transaction began")
    with pytest.raises(UnusableError, match="is damaged"), opened(path) as store:
        with store.reading() as connection:
            assert told(connection, "nothing of this name") is None
        raise KeyError("read wrong")
    assert path.read_bytes() == broken


def test_file_names_that_are_no_utf8_are_remembered(path: Path, tmp_path: Path) -> None:
    odd = tmp_path / "conn-\udcff.log"
    with opened(path) as store, store.transaction() as connection:
        ledger.keep_files(connection, [ledger.File(odd, 1, 2)], {odd})
        assert ledger.files(connection) == {odd: ledger.File(odd, 1, 2)}
        ledger.keep_files(connection, [], set())
        assert ledger.files(connection) == {}
