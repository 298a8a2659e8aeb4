"""The loop: look, judge, show, sleep."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from zeeksmtp.config import Settings
from zeeksmtp.engine.local import ENGINE
from zeeksmtp.errors import NoInputError, UsageError
from zeeksmtp.model import Finding, Problem
from zeeksmtp.watch.folder import Folder, Tell
from zeeksmtp.watch.instant import Instant
from zeeksmtp.watch.news import News
from zeeksmtp.watch.rounds import Rounds
from zeeksmtp.watch.waking import Waking

_SHARE = 3  # looking and judging take a third of the time at most, unless there is more to read
_LEAST, _MOST = 0.2, 0.7  # seconds between two looks when lines keep coming; two seconds are promised in all

Show = Callable[[Sequence[Finding]], None]
"""Takes findings that are new or more severe than they were."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What to follow and how: `hours` of rows are kept for the tests over counts, made `every` so many seconds."""

    path: Path
    settings: Settings
    from_start: bool = False
    hours: float = 24
    every: float = 60


@dataclass(slots=True)
class _Voice:
    """Says each finding once, and each trouble."""

    show: Show
    tell: Tell
    waking: Waking
    news: News
    troubles: set[str] = field(default_factory=set)

    def findings(self, findings: Iterable[Finding]) -> None:
        if news := self.news.of(findings):
            with self.waking.speaking():
                self.show(news)

    def problems(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            if problem.where not in self.troubles:
                self.troubles.add(problem.where)
                self.tell(f"{problem.where}: {problem.what}")


def watch(asked: Watch, show: Show, tell: Tell, waking: Waking) -> None:
    """Follow the logs under `asked.path` until `waking.ended`; call `show` and `tell` from this thread.

    Rows wait in a private temporary folder, which is removed at the end. Raises `NoInputError` if the path is not
    there, `UsageError` if it is no folder.
    """
    if not asked.path.exists():
        raise NoInputError(f"{asked.path}: no such directory; give the folder that Zeek writes its logs to")
    if not asked.path.is_dir():
        raise UsageError(f"{asked.path} is no directory; give the folder that Zeek writes its logs to")
    voice = _Voice(show, tell, waking, News(asked.hours))
    instant = Instant(asked.settings, ENGINE)
    with (
        closing(Folder(asked.path, tell, from_start=asked.from_start)) as folder,
        tempfile.TemporaryDirectory(prefix="zeeksmtp-") as home,
        Rounds(asked.settings, Path(home), asked.hours, asked.every) as rounds,
    ):
        if not asked.from_start and (old := folder.new_rows()):
            voice.news.had(instant.judge(old).findings)
        while not waking.ended:
            waking.watch(folder.place, tell)
            begun = time.monotonic()
            _look(folder, instant, rounds, voice)
            took = time.monotonic() - begun
            if not folder.behind:
                waking.wait(min(max(_LEAST, _SHARE * took), _MOST))


def _look(folder: Folder, instant: Instant, rounds: Rounds, voice: _Voice) -> None:
    new = {} if rounds.full else folder.new_rows()
    if new:
        judged = instant.judge(new)
        voice.findings(judged.findings)
        voice.problems(judged.problems)
    rounds.add(new)
    report = rounds.result()
    if report is not None:
        voice.findings(report.findings)
        voice.problems(report.errors)
