"""The pass, step by step: lock, clean up, snapshot, ingest, detect, commit, deliver. It counts whole or not at all.

Parts are written first and the state last, in one transaction; until then nothing of the pass counts, and the next one
removes what is left of a pass that was killed. Modules that need polars are loaded only if there is something new.
"""

from __future__ import annotations

import logging
import shutil
import time
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from zeeksmtp.config import Settings
from zeeksmtp.cron import rules
from zeeksmtp.cron._snapshot import take_snapshot
from zeeksmtp.cron.integrity import check_parts, check_presence
from zeeksmtp.cron.lock import NAME as LOCK
from zeeksmtp.cron.lock import hold_lock
from zeeksmtp.cron.metrics import write_metrics
from zeeksmtp.cron.outgoing import Show, deliver
from zeeksmtp.cron.request import PassRequest, PassResult
from zeeksmtp.errors import ConfigError, NoInputError
from zeeksmtp.private_folders import private_folder
from zeeksmtp.state import ledger
from zeeksmtp.state.store import NAME, Store, get_meta, open_store

_logger = logging.getLogger(__name__)


def folders(settings: Settings) -> tuple[Path, Path]:
    """Return `log_dir` and `state_dir`. Raises `ConfigError` if they make no sense, `NoInputError` without logs."""
    log_dir, state_dir = settings.log_dir, settings.state_dir
    if log_dir is None or state_dir is None:
        key = "log_dir" if log_dir is None else "state_dir"
        raise ConfigError(f"`{key}` is not set: name the folder in the config file; `zeeksmtp init` writes one")
    if not log_dir.is_dir():
        raise NoInputError(f"log_dir {log_dir}: no such folder; set it to where Zeek writes its logs")
    if state_dir.resolve().is_relative_to(log_dir.resolve()):
        raise ConfigError(f"state_dir {state_dir} lies in log_dir {log_dir}: each pass would read its own files there")
    return log_dir, state_dir


def run(request: PassRequest, show: Show) -> PassResult:
    """Run one pass. `show` gets the reports where no transport is configured.

    Raises `UnusableError` if another pass runs or the state cannot be used, `OSError` if the disk is full.
    """
    for folder in (request.state_dir, request.state_dir / "lake"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with hold_lock(request.state_dir), open_store(request.state_dir / NAME) as store:
        began = time.perf_counter()
        result = _pass(request, store)
        seconds = time.perf_counter() - began
        _log(result, seconds)
        ready = {result.envelope: result.report} if result.envelope and result.report else {}
        undelivered = deliver(store, request.settings, show, ready)
        return replace(result, undelivered=(*undelivered, *write_metrics(request, store, result, seconds)))


def _log(result: PassResult, seconds: float) -> None:
    findings = len(result.report.findings) if result.report else 0
    numbers = len(result.files), result.rows, seconds, findings, "sent" if result.news else "not needed"
    _logger.info("pass: %d files, %d rows, %.2f s, %d findings, report %s", *numbers)


def dry_run(request: PassRequest) -> PassResult:
    """Return what a pass would ingest and find: it works on a copy of the state and reads the lake through links."""
    lock = hold_lock(request.state_dir, mark=False) if (request.state_dir / LOCK).exists() else nullcontext()
    with lock, private_folder() as home:
        for name in (NAME, f"{NAME}-wal"):
            if (request.state_dir / name).exists():
                shutil.copyfile(request.state_dir / name, home / name)
        for part in request.state_dir.glob("lake/*/*"):
            link = home / part.relative_to(request.state_dir)
            link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            link.symlink_to(part.absolute())
        with open_store(home / NAME) as store:
            return _pass(replace(request, state_dir=home), store)


def _pass(request: PassRequest, store: Store) -> PassResult:
    today = datetime.fromtimestamp(request.clock(), UTC).date()
    with store.transaction() as connection:
        if request.rebuild:
            ledger.forget_logs(connection)
        known = ledger.files(connection)
        live = ledger.parts(connection)
        settings = rules.with_suppressions(request.settings, connection, today)
        same_rules = get_meta(connection, "settings_digest") == rules.settings_digest(settings)
    lake = request.state_dir / "lake"
    _remove_orphans(lake, live)
    check_presence(lake, live)
    snapshot = take_snapshot(request.log_dir, known, settings.settle_seconds, request.clock())
    if same_rules and not snapshot.changed:
        return PassResult(deferred=len(snapshot.unsettled))
    check_parts(lake, live)
    from zeeksmtp.cron.run_pass import run_pass  # noqa: PLC0415 - a pass with nothing new loads no polars

    return run_pass(replace(request, settings=settings), store, known, snapshot, same_rules=same_rules)


def _remove_orphans(lake: Path, live: list[ledger.LivePart]) -> None:
    """Remove parts of passes that were killed."""
    expected = {(part.log, part.name) for part in live}
    for path in lake.glob("*/*"):
        if (path.parent.name, path.name) not in expected:
            path.unlink(missing_ok=True)
