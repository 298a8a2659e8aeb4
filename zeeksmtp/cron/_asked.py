"""What a pass is asked to do, and how it ended."""

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
    from zeeksmtp.engine._base import Engine


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pass is asked to do. `progress` and `started` are those of `pipeline.Request`."""

    settings: Settings
    log_dir: Path
    state_dir: Path
    engine: str = "local"
    progress: Callable[..., Any] | None = None
    started: Callable[..., Any] | None = None
    clock: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass under way: what was asked, what does the work, and the time (UTC) that it goes by from its beginning."""

    asked: Asked
    engine: Engine
    now: datetime

    @property
    def lake(self) -> Path:
        """Give the folder of the parts."""
        return self.asked.state_dir / "lake"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a pass ended.

    `report` is null where nothing had to be judged; `parcel` is the id under which it goes out, null if it does not:
    `news` says whether it is worth telling. `files` had new lines,
    `left` counts those left for a later pass, `degraded`: a file or a unit failed; `undelivered` says in one line each
    what could not be delivered.
    """

    report: Report | None = None
    parcel: str | None = None
    files: tuple[Path, ...] = ()
    left: int = 0
    degraded: bool = False
    undelivered: tuple[str, ...] = ()

    @property
    def news(self) -> bool:
        """Tell whether the report is worth telling."""
        return self.parcel is not None
