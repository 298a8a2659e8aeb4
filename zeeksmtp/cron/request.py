"""What a pass gets, and what it returns."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeeksmtp.config import Settings
from zeeksmtp.model import Report

if TYPE_CHECKING:
    from zeeksmtp.execution import Engine


@dataclass(frozen=True, slots=True)
class PassRequest:
    """What a pass is to do. `progress`, `started` and `step` are those of `pipeline.Request`.

    `rebuild`: make the lake anew from the logs that are still there.
    """

    settings: Settings
    log_dir: Path
    state_dir: Path
    engine: str = "local"
    progress: Callable[..., Any] | None = None
    started: Callable[..., Any] | None = None
    step: Callable[[str], None] = lambda _name: None
    clock: Callable[[], float] = time.time
    rebuild: bool = False


@dataclass(frozen=True, slots=True)
class PassContext:
    """A pass under way: its request, its engine, and the time (UTC) of its start, which it goes by throughout."""

    request: PassRequest
    engine: Engine
    now: datetime

    @property
    def lake(self) -> Path:
        """The folder of the parts."""
        return self.request.state_dir / "lake"


@dataclass(frozen=True, slots=True)
class PassResult:
    """How a pass ended.

    `report` is null where nothing was detected anew. `envelope` is the id under which the report is delivered, null if
    it is not. `files` had new lines, of which `rows` concern SMTP; `deferred` counts the files left for a later pass.
    `degraded`: a file or a unit failed. `undelivered` says in one line each what could not be delivered.
    """

    report: Report | None = None
    envelope: str | None = None
    files: tuple[Path, ...] = ()
    rows: int = 0
    deferred: int = 0
    degraded: bool = False
    undelivered: tuple[str, ...] = ()

    @property
    def news(self) -> bool:
        """Whether the report is delivered."""
        return self.envelope is not None
