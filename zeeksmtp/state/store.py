"""The state file: opened, checked, migrated; and transactions over it, each of which counts whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from zeeksmtp.errors import UnusableError
from zeeksmtp.state import _migrations
from zeeksmtp.state._tables import ABOUT

NAME = "state.sqlite"
_WAIT = 30  # seconds for someone else's transaction: they are short
_CACHE = 64 << 10  # KiB at most: what thousands of findings change is put together before it is written


class Store:
    """An open state file. Every method that touches it raises `UnusableError` if it cannot be used.

    Whether it is sound is found out beside other work: that takes the longer, the more is remembered.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _engine(path)
        self._held: PoolProxiedConnection | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._checked: Future[str] | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection as `transaction` does, but at once: for what counts by a later transaction only."""
        try:
            # While one is open, SQLite does not carry its log over as soon as another is closed, and all wait for it.
            self._held = self._held or self._engine.raw_connection()
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise _unusable(self.path, error) from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection within one transaction that has the file to itself; commit at the end, or nothing."""
        self.sound()
        with self.reading() as connection:
            yield connection
        self._pool.submit(self._carry_over)

    def look_through(self) -> Future[str]:
        """Begin to look through the file, if that was not done yet; the result is `ok` or what is wrong with it."""
        self._checked = self._checked or self._pool.submit(self._check)
        return self._checked

    def sound(self) -> None:
        """Wait until the file was looked through."""
        try:
            found = self.look_through().result()
        except (DBAPIError, sqlite3.Error) as error:
            raise _unusable(self.path, error) from error
        if found != "ok":
            raise UnusableError(_damaged(self.path))

    def _check(self) -> str:
        with closing(self._engine.raw_connection()) as connection:  # no transaction: nobody has to wait for it
            return str(connection.cursor().execute("PRAGMA quick_check(1)").fetchone()[0])

    def _carry_over(self) -> None:
        """Carry what was committed over from the write-ahead log, beside other work; if not now, with the next."""
        with suppress(DBAPIError, sqlite3.Error), closing(self._engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Let go of the file."""
        self._pool.shutdown()
        if self._held is not None:
            self._held.close()
        self._engine.dispose()


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """Open the state file, made if it is not there, checked, and in the newest version of the schema.

    Raises `UnusableError` if it is damaged, of a newer version, or cannot be written.
    """
    fresh = not path.exists()
    if fresh:
        path.touch(mode=0o600)
    store = Store(path)
    try:
        with store.reading() as connection:
            version = _version(connection, path)
        store.look_through()
        if version < _migrations.NEWEST:
            with store.transaction() as connection:
                _migrations.migrate(connection)
        yield store
    finally:
        try:
            store.sound()  # if not, that is why anything else failed
        finally:
            store.close()


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": _WAIT})

    @event.listens_for(engine, "connect")
    def _opened(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not that of the driver
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # see `Store._carry_over`
        connection.execute(f"PRAGMA cache_size = -{_CACHE}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _version(connection: Connection, path: Path) -> int:
    version = _migrations.version_of(connection)
    if version > _migrations.NEWEST:
        raise UnusableError(
            f"{path} was written by a newer zeeksmtp (schema {version}, this one knows {_migrations.NEWEST}): "
            "install that one again, or set another state_dir"
        )
    return version


def _damaged(path: Path) -> str:
    return (
        f"{path} is damaged and was left as it is: restore it and the lake beside it from a backup, or move the whole "
        f"folder away (mv {path.parent} {path.parent}.damaged) to start anew from the logs that are still there"
    )


def _unusable(path: Path, error: DBAPIError | sqlite3.Error) -> UnusableError:
    """Word what SQLite says, with the remedy."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", 0) & 0xFF
    said = {
        sqlite3.SQLITE_FULL: f"{path}: the disk is full; make room and run again, nothing was lost",
        sqlite3.SQLITE_READONLY: f"{path} cannot be written: give its owner and mode back to the user of the pass",
        sqlite3.SQLITE_CANTOPEN: f"{path} cannot be opened: check owner and mode of the folder",
        sqlite3.SQLITE_BUSY: f"{path} is held by another program; end it, or run again later",
        sqlite3.SQLITE_IOERR: f"{path}: reading or writing failed; make room, check the disk, and run again",
    }
    return UnusableError(said.get(code) or _damaged(path))


def told(connection: Connection, name: str) -> str | None:
    """Give what is noted under `name`."""
    return connection.execute(select(ABOUT.c.value).where(ABOUT.c.name == name)).scalar_one_or_none()


def note(connection: Connection, name: str, value: str) -> None:
    """Note `value` under `name`, in place of what was there."""
    connection.execute(ABOUT.delete().where(ABOUT.c.name == name))
    connection.execute(ABOUT.insert().values(name=name, value=value))
