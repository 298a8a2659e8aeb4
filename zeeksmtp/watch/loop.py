"""The loop: read, detect, show, sleep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from zeeksmtp.config import Settings
from zeeksmtp.engine.local import ENGINE
from zeeksmtp.errors import NoInputError, UsageError
from zeeksmtp.model import Finding, Problem
from zeeksmtp.private_folders import private_folder
from zeeksmtp.watch.dedup import Deduplicator
from zeeksmtp.watch.folder import Folder, Notify
from zeeksmtp.watch.per_line import PerLineDetection
from zeeksmtp.watch.periodic import PeriodicDetection
from zeeksmtp.watch.wakeup import Wakeup

_IDLE_PER_BUSY = 3  # reading and detecting take a third of the time at most, unless there is more to read
_MIN_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 0.2, 0.7  # when lines keep coming; two seconds are promised in all

Show = Callable[[Sequence[Finding]], None]
"""Takes findings that are new or more severe than they were."""


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """What to follow and how: `hours` of rows are kept for the tests over counts, made `every` so many seconds."""

    path: Path
    settings: Settings
    from_start: bool = False
    hours: float = 24
    every: float = 60


@dataclass(slots=True)
class _Notifier:
    """Shows each finding once, and each problem."""

    show: Show
    notify: Notify
    wakeup: Wakeup
    dedup: Deduplicator
    problems_shown: set[str] = field(default_factory=set)

    def findings(self, findings: Iterable[Finding]) -> None:
        if new := self.dedup.new_among(findings):
            with self.wakeup.interruptible():
                self.show(new)

    def problems(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            if problem.where not in self.problems_shown:
                self.problems_shown.add(problem.where)
                self.notify(f"{problem.where}: {problem.what}")


def watch(request: WatchRequest, show: Show, notify: Notify, wakeup: Wakeup) -> None:
    """Follow the logs under `request.path` until `wakeup.ended`; call `show` and `notify` from this thread.

    The rows of the last hours lie in a private temporary folder, which is removed at the end.

    Raises:
        NoInputError: The path does not exist.
        UsageError: It is no folder.
    """
    if not request.path.exists():
        raise NoInputError(f"{request.path}: no such directory; return the folder that Zeek writes its logs to")
    if not request.path.is_dir():
        raise UsageError(f"{request.path} is no directory; return the folder that Zeek writes its logs to")
    notifier = _Notifier(show, notify, wakeup, Deduplicator(request.hours))
    per_line = PerLineDetection(request.settings, ENGINE)
    with (
        closing(Folder(request.path, notify, from_start=request.from_start)) as folder,
        private_folder() as home,
        PeriodicDetection(request.settings, home, request.hours, request.every) as periodic,
    ):
        if not request.from_start and (old := folder.new_rows()):
            notifier.dedup.mark_known(per_line.detect(old).findings)
        while not wakeup.ended:
            wakeup.watch(folder.place, notify)
            began = time.monotonic()
            _detect_new(folder, per_line, periodic, notifier)
            busy = time.monotonic() - began
            if not folder.behind:
                wakeup.wait(min(max(_MIN_PAUSE_SECONDS, _IDLE_PER_BUSY * busy), _MAX_PAUSE_SECONDS))


def _detect_new(folder: Folder, per_line: PerLineDetection, periodic: PeriodicDetection, notifier: _Notifier) -> None:
    new = {} if periodic.full else folder.new_rows()
    if new:
        detection = per_line.detect(new)
        notifier.findings(detection.findings)
        notifier.problems(detection.problems)
    periodic.add(new)
    report = periodic.result()
    if report is not None:
        notifier.findings(report.findings)
        notifier.problems(report.errors)
