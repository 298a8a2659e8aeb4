"""From a version of the schema to the next. SQLite's `user_version` says which one a file has; 0 is an empty file."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, text

from zeeksmtp.state._tables import ABOUT, METADATA


def _remembers_rows(connection: Connection) -> None:
    """What the last pass of version 1 had has its number: no row is known yet, so the next pass makes all anew."""
    for statement in (
        "ALTER TABLE finding ADD COLUMN made_of INTEGER",
        "CREATE INDEX finding_made_of ON finding (id, made_of)",
        "CREATE TABLE hidden (made_of INTEGER PRIMARY KEY)",
        "INSERT INTO about SELECT 'judged', coalesce(max(last_pass), 0) FROM finding",
    ):
        connection.execute(text(statement))


def _has_times_beside(connection: Connection) -> None:
    for statement in (
        "ALTER TABLE finding ADD COLUMN first VARCHAR",
        "ALTER TABLE finding ADD COLUMN last VARCHAR",
        "ALTER TABLE finding ADD COLUMN count INTEGER",
        "UPDATE finding SET first = json_extract(body, '$.first'), last = json_extract(body, '$.last'),"
        " count = json_extract(body, '$.count')",
    ):
        connection.execute(text(statement))


STEPS: Mapping[int, Callable[[Connection], None]] = {1: _remembers_rows, 2: _has_times_beside}
"""Step n makes version n + 1 of version n, in plain SQL: `_tables.py` is always the newest version."""

NEWEST = 3


def version_of(connection: Connection) -> int:
    """Give the version of the schema."""
    return int(connection.execute(text("PRAGMA user_version")).scalar_one())


def migrate(connection: Connection) -> None:
    """Bring the schema to the newest version, within the caller's transaction."""
    version = version_of(connection)
    if version == 0:
        METADATA.create_all(connection)
        connection.execute(ABOUT.insert().values(name="salt", value=secrets.token_hex(16)))
    else:
        for step in range(version, NEWEST):
            STEPS[step](connection)
    connection.execute(text(f"PRAGMA user_version = {NEWEST:d}"))
