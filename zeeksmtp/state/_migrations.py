"""From a version of the schema to the next. SQLite's `user_version` says which one a file has; 0 is an empty file."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, text

from zeeksmtp.state._tables import ABOUT, METADATA

STEPS: Mapping[int, Callable[[Connection], None]] = {}
"""Step n makes version n + 1 of version n, in plain SQL: `_tables.py` is always the newest version."""

NEWEST = 1


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
