"""What scheduled passes remember, as the commands `findings` and `incidents` read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeeksmtp.errors import UnusableError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from zeeksmtp.config import Settings
    from zeeksmtp.state.findings import FindingSuppression, RememberedFinding
    from zeeksmtp.state.memory import Memory


def load(connection: Connection) -> Memory:
    """Read all that passes remember."""
    from zeeksmtp.state.memory import Memory  # noqa: PLC0415 - `--help` must not load SQLAlchemy

    return Memory.load(connection)


def state_file(settings: Settings) -> Path:
    """Return the state file. Raises `UnusableError` if there was no pass yet."""
    from zeeksmtp.state.store import NAME  # noqa: PLC0415 - `--help` must not load SQLAlchemy

    folder = settings.state_dir
    if folder is None:
        raise UnusableError("`state_dir` is not set: name the folder in the config file; `zeeksmtp init` writes one")
    if not (folder / NAME).exists():
        raise UnusableError(f"{folder / NAME}: no pass has written it yet; run `zeeksmtp cron` first")
    return folder / NAME


@contextmanager
def open_state(settings: Settings) -> Iterator[Connection]:
    """Yield a connection to the state, within a transaction. Raises `UnusableError` if there was no pass yet."""
    from zeeksmtp.state.store import open_store  # noqa: PLC0415 - `--help` must not load SQLAlchemy

    with open_store(state_file(settings)) as store, store.transaction() as connection:
        yield connection


def finding_json(known: RememberedFinding, suppression: FindingSuppression | None) -> dict[str, Any]:
    """Return a finding as in a report, and what the state has besides."""
    acknowledged = None
    if known.acknowledged is not None:
        acknowledged = {"at": known.acknowledged.isoformat(), "reason": known.reason}
    suppressed = None
    if suppression is not None:
        day = suppression.expires
        suppressed = {"reason": suppression.reason, "expires": day.isoformat() if day else None}
    return known.finding.model_dump(mode="json") | {
        "first_pass": known.first_pass,
        "last_pass": known.last_pass,
        "acknowledged": acknowledged,
        "suppressed": suppressed,
    }
