"""What works and what is missing before a scheduled pass can be relied on: checks, each with its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `fail`: passes cannot work; `warn`: they see less than they could.

    `remedy` says what to do; `None` where nothing is to be done.
    """

    verdict: Literal["ok", "warn", "fail"]
    about: str
    what: str
    remedy: str | None = None
