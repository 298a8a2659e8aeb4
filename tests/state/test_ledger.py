"""What the ledger and the outbox forget, and what they must not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from zeeksmtp.state import ledger, outbox
from zeeksmtp.state.store import open_store

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def test_what_is_past_is_bounded_and_what_is_held_stays(tmp_path: Path) -> None:
    with open_store(tmp_path / "state.sqlite") as store, store.transaction() as connection:
        ids = [ledger.save_content(connection, ledger.Content(n, n, bytes([n]))) for n in range(10)]
        held = ledger.KnownFile(Path("conn.log"), 1, 1, "conn", "tsv", None, True, ids[0])
        ledger.save_files(connection, [held], {held.path})
        ledger.add_parts(connection, [ledger.LivePart("conn", "a.parquet", 1, NOW, NOW)])
        ledger.add_ingested(connection, [ledger.IngestedLines(b"conn.log", "conn", 1, 0, 0, "a.parquet")])
        ledger.add_ingested(connection, [ledger.IngestedLines(b"dns.log", "dns", 0, n, 0, None) for n in range(10)])
        for _ in range(10):
            last = ledger.add_pass(connection, NOW, 1, 1, "[]")
        ledger.prune(connection, 3)
        assert [content.id for content in ledger.contents(connection)] == [ids[0], *ids[-3:]]
        assert ledger.parts_from(connection, b"conn.log") == {"conn": {"a.parquet"}}
        assert connection.exec_driver_sql("select count(*) from ingest").scalar_one() == 4
        assert ledger.last_pass(connection) == last
        assert connection.exec_driver_sql("select count(*) from pass").scalar_one() == 3


def test_a_content_that_has_grown_is_forgotten_unless_a_file_holds_it(tmp_path: Path) -> None:
    with open_store(tmp_path / "state.sqlite") as store, store.transaction() as connection:
        one, two = (ledger.save_content(connection, ledger.Content(n, n, bytes([n]))) for n in (1, 2))
        held = ledger.KnownFile(Path("conn.log"), 1, 1, "conn", "tsv", None, True, two)
        ledger.save_files(connection, [held], {held.path})
        ledger.forget_outgrown(connection, [one, two])
        assert [content.id for content in ledger.contents(connection)] == [two]
        assert ledger.save_content(connection, ledger.Content(2, 2, bytes([2]))) == two


def test_reports_that_went_are_forgotten_in_time_and_none_that_waits(tmp_path: Path) -> None:
    with open_store(tmp_path / "state.sqlite") as store, store.transaction() as connection:
        for number in range(1100):
            outbox.put(connection, f"{number}", "subject", "{}", ["mail"])
            if number:
                outbox.set_remaining(connection, outbox.waiting(connection)[-1], [])
        (row,) = outbox.waiting(connection)
        assert row.envelope == "0"
        assert connection.exec_driver_sql("select count(*) from outbox").scalar_one() == 1001
