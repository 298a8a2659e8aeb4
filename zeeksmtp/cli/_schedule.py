"""The words that run `zeeksmtp cron`, and the line that makes cron run them once an hour."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from zeeksmtp.setup.units import MINUTE


def program() -> list[str]:
    """Return the words that start zeeksmtp from anywhere: neither cron nor systemd has the user's PATH."""
    beside = Path(sys.executable).with_name("zeeksmtp")
    if beside.is_file():
        return [str(beside)]
    found = shutil.which("zeeksmtp")
    return [str(Path(found).absolute())] if found else [sys.executable, "-m", "zeeksmtp"]


def crontab(config: Path) -> str:
    """Return the line for `crontab -e`."""
    words = [*program(), "cron", "--quiet", "--config", str(config)]
    return f"{MINUTE} * * * * {shlex.join(words).replace('%', chr(92) + '%')}\n"
