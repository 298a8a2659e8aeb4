"""The state file: created, checked, opened; and transactions over it, each of which counts whole or not at all."""

from __future__ import annotations

import logging
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from zeeksmtp.errors import UnusableError
from zeeksmtp.state._seal import changes_of, is_intact, seal
from zeeksmtp.state._tables import META, METADATA, SCHEMA_VERSION

_logger = logging.getLogger(__name__)

NAME = "state.sqlite"
LOCK_TIMEOUT_SECONDS = 30
"""How long to wait for somebody else's transaction; all of them are short."""


class Store:
    """An open state file. Its methods raise `UnusableError` if the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _engine(path)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield a connection within one transaction that locks the file; commit at the end, or nothing."""
        try:
            with self._engine.begin() as connection:
                before = changes_of(connection)
                yield connection
                if changes_of(connection) != before:
                    seal(connection)
        except (DBAPIError, sqlite3.Error) as error:
            raise _unusable(self.path, error) from error

    def checkpoint(self) -> None:
        """Write what was committed from the write-ahead log into the file itself, and empty the log.

        After that the disk has room for a small transaction. Raises `UnusableError` if it is full.
        """
        try:
            with closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (DBAPIError, sqlite3.Error) as error:
            raise _unusable(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """Open the state file, which is created if it is not there.

    Raises:
        UnusableError: It is damaged, of another version, or cannot be written.
    """
    if not path.exists():
        path.touch(mode=0o600)
    elif not path.stat().st_size and any(path.parent.glob("lake/*/*")):
        raise UnusableError(_damaged(path))  # a pass that was killed before it had a state has no part either
    store = Store(path)
    try:
        with store.transaction() as connection:
            _check(connection, path)
            _ensure_schema(connection, path)
            if not is_intact(connection):
                raise UnusableError(_damaged(path))
        yield store
    finally:
        store.close()


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": LOCK_TIMEOUT_SECONDS})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not that of the driver
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _check(connection: Connection, path: Path) -> None:
    """Raise `UnusableError` if the file is damaged: nothing may be written over a damaged state."""
    if connection.execute(text("PRAGMA integrity_check(1)")).scalar_one() != "ok":
        raise UnusableError(_damaged(path))


def _ensure_schema(connection: Connection, path: Path) -> None:
    version = int(connection.execute(text("PRAGMA user_version")).scalar_one())
    if version == 0 and not inspect(connection).get_table_names():
        METADATA.create_all(connection)
        _logger.info("%s: created", path)
        set_meta(connection, "salt", secrets.token_hex(16))
        connection.execute(text(f"PRAGMA user_version = {SCHEMA_VERSION:d}"))
    elif version != SCHEMA_VERSION:
        raise UnusableError(
            f"{path} is of another version of zeeksmtp (schema {version}, this one uses {SCHEMA_VERSION}): move the "
            f"state folder away (mv {path.parent} {path.parent}.old); the next pass reads the logs that are still "
            "there again"
        )


def _damaged(path: Path) -> str:
    return (
        f"{path} is damaged and was left as it is: restore it and the lake beside it from a backup, or move the whole "
        f"folder away (mv {path.parent} {path.parent}.damaged) to start anew from the logs that are still there"
    )


def _unusable(path: Path, error: DBAPIError | sqlite3.Error) -> UnusableError:
    """Return the error for what SQLite reports, with the remedy."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", 0) & 0xFF
    known = {
        sqlite3.SQLITE_FULL: f"{path}: the disk is full; make room and run again, nothing was lost",
        sqlite3.SQLITE_READONLY: f"{path} cannot be written: give its owner and mode back to the user of the pass",
        sqlite3.SQLITE_CANTOPEN: f"{path} cannot be opened: check owner and mode of the folder",
        sqlite3.SQLITE_BUSY: f"{path} is locked by another program; end it, or run again later",
        sqlite3.SQLITE_IOERR: f"{path}: reading or writing failed; make room, check the disk, and run again",
    }
    return UnusableError(known.get(code) or _damaged(path))


def get_meta(connection: Connection, name: str) -> str | None:
    """Return the value stored under `name`."""
    return connection.execute(select(META.c.value).where(META.c.name == name)).scalar_one_or_none()


def set_meta(connection: Connection, name: str, value: str) -> None:
    """Store `value` under `name`, in place of what was there."""
    connection.execute(META.delete().where(META.c.name == name))
    connection.execute(META.insert().values(name=name, value=value))
