"""The lines that make cron or systemd run `zeeksmtp cron` once an hour, quoted as each of them wants it."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

MINUTE = 10
"""Past the hour: zeekctl rotates and packs on the hour, and a file has to settle before a pass takes it."""

_SERVICE = """\
# /etc/systemd/system/zeeksmtp.service
[Unit]
Description=zeeksmtp: one pass over the logs of Zeek

[Service]
Type=oneshot
ExecStart={command}
Nice=10
IOSchedulingClass=idle
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ReadWritePaths={state}
"""
_TIMER = """\
# /etc/systemd/system/zeeksmtp.timer
[Unit]
Description=zeeksmtp once an hour

[Timer]
OnCalendar=*:{minute:02}
Persistent=true

[Install]
WantedBy=timers.target
"""


def program() -> list[str]:
    """Return the words that start zeeksmtp from anywhere: neither cron nor systemd has the user's PATH."""
    beside = Path(sys.executable).with_name("zeeksmtp")
    if beside.is_file():
        return [str(beside)]
    found = shutil.which("zeeksmtp")
    return [str(Path(found).absolute())] if found else [sys.executable, "-m", "zeeksmtp"]


def crontab(config: Path) -> str:
    """Return the line for `crontab -e`."""
    return f"{MINUTE} * * * * {shlex.join(_words(config)).replace('%', chr(92) + '%')}\n"


def units(config: Path, state_dir: Path) -> str:
    """Return the systemd service and its timer, each under the name of its file."""
    command = " ".join(_quoted(word) for word in [*_words(config), "--verbose"])  # for the journal
    return _SERVICE.format(command=command, state=_quoted(str(state_dir))) + "\n" + _TIMER.format(minute=MINUTE)


def _words(config: Path) -> list[str]:
    return [*program(), "cron", "--quiet", "--config", str(config)]


def _quoted(word: str) -> str:
    """Quote a word for a unit file, where `%` starts a specifier and `$` a variable."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{safe}"' if safe != word or " " in word else word
