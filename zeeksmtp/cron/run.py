"""The pass, in its order: lock, sweep, look, take, judge, commit, deliver. It counts whole or not at all.

Parts are written first and the state last, in one transaction; until then nothing of the pass counts, and what is left
of one that was ended is swept by the next. Modules that need polars are loaded only where there is something to judge.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from zeeksmtp.config import Settings
from zeeksmtp.cron import rules
from zeeksmtp.cron._asked import Asked, Ended
from zeeksmtp.cron._look import look
from zeeksmtp.cron.lock import NAME as LOCK
from zeeksmtp.cron.lock import locked
from zeeksmtp.cron.outgoing import Show, deliver
from zeeksmtp.errors import ConfigError, NoInputError, UnusableError
from zeeksmtp.state import ledger
from zeeksmtp.state.store import NAME, Store, opened, told


def folders(settings: Settings) -> tuple[Path, Path]:
    """Give `log_dir` and `state_dir`. Raises `ConfigError` if they make no sense, `NoInputError` without logs."""
    log_dir, state_dir = settings.log_dir, settings.state_dir
    if log_dir is None or state_dir is None:
        key = "log_dir" if log_dir is None else "state_dir"
        raise ConfigError(f"`{key}` is not set: name the folder in the config file; `zeeksmtp init` writes one")
    if not log_dir.is_dir():
        raise NoInputError(f"log_dir {log_dir}: no such folder; set it to where Zeek writes its logs")
    if state_dir.resolve().is_relative_to(log_dir.resolve()):
        raise ConfigError(f"state_dir {state_dir} lies in log_dir {log_dir}: each pass would find its own traces there")
    return log_dir, state_dir


def run(asked: Asked, show: Show) -> Ended:
    """Make one pass. `show` gets the reports where no carrier is configured.

    Raises `UnusableError` if another pass runs or the state cannot be used, `OSError` if the disk is full.
    """
    for folder in (asked.state_dir, asked.state_dir / "lake"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(asked.state_dir), opened(asked.state_dir / NAME) as store:
        ended = _pass(asked, store)
        ready = {ended.parcel: ended.report} if ended.parcel and ended.report else {}
        return replace(ended, undelivered=tuple(deliver(store, asked.settings, show, ready)))


def dry_run(asked: Asked) -> Ended:
    """Say what a pass would take and find: it works on a copy of the state and reads the lake through links."""
    held = locked(asked.state_dir, mark=False) if (asked.state_dir / LOCK).exists() else nullcontext()
    with held, tempfile.TemporaryDirectory(prefix="zeeksmtp-") as folder:
        home = Path(folder)
        for name in (NAME, f"{NAME}-wal"):
            if (asked.state_dir / name).exists():
                shutil.copyfile(asked.state_dir / name, home / name)
        for part in asked.state_dir.glob("lake/*/*"):
            link = home / part.relative_to(asked.state_dir)
            link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            link.symlink_to(part.absolute())
        with opened(home / NAME) as store:
            return _pass(replace(asked, state_dir=home), store)


def _pass(asked: Asked, store: Store) -> Ended:
    today = datetime.fromtimestamp(asked.clock(), UTC).date()
    with store.reading() as connection:
        known = ledger.files(connection)
        live = ledger.parts(connection)
        settings = rules.in_force(asked.settings, connection, today)
        same_rules = told(connection, "judged_with") == rules.digest(settings)
    _sweep(asked.state_dir / "lake", live)
    seen = look(asked.log_dir, known, settings.settle_seconds, asked.clock())
    if same_rules and not seen.changed:
        return Ended(left=len(seen.unsettled))
    from zeeksmtp.cron.judging import judge  # noqa: PLC0415 - a pass with nothing new loads no polars

    return judge(replace(asked, settings=settings), store, known, seen, same_rules=same_rules)


def _sweep(lake: Path, live: list[ledger.LivePart]) -> None:
    """Remove parts of passes that did not come to their end. Raises `UnusableError` if parts that count are missing."""
    there = {(path.parent.name, path.name): path for path in lake.glob("*/*")}
    counts = {(part.log, part.name) for part in live}
    for orphan in there.keys() - counts:
        there[orphan].unlink(missing_ok=True)
    if lost := sorted(counts - there.keys()):
        raise UnusableError(
            f"{lake} lacks {len(lost)} of its parts ({'/'.join(lost[0])}): restore lake and state together from a "
            f"backup, or move {lake.parent} away to start anew from the logs that are still there"
        )
