"""`zeeksmtp init`: a commented config file, and the lines that run the scheduled pass."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from zeeksmtp.cli import _finish, _say, _schedule, _template
from zeeksmtp.errors import UnusableError, UsageError
from zeeksmtp.model import Command

LOG_DIRS = ("/opt/zeek/logs", "/usr/local/zeek/logs", "/nsm/zeek/logs", "/opt/zeek/var/logs/zeek", "/var/log/zeek")
"""Where packages, zeekctl, Security Onion and Zeek's systemd units keep archived logs."""

_Out = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the config file is written.")]
_LogDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of Zeek's logs; default: the first usual one that is there."),
]
_StateDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where passes keep lake and state; default /var/lib/zeeksmtp, or below $HOME."),
]


def init(
    *,
    output: _Out = Path("zeeksmtp.toml"),
    log_dir: _LogDir = None,
    state_dir: _StateDir = None,
) -> None:
    """Write a commented zeeksmtp.toml, and print the crontab line and the systemd units for `zeeksmtp cron`.

    A file that is there already is not touched. Run `zeeksmtp doctor` next.

    \b
    Examples:
      zeeksmtp init
      sudo zeeksmtp init -o /etc/zeeksmtp.toml --log-dir /opt/zeek/logs
    """
    from zeeksmtp.config import Settings  # noqa: PLC0415 - `--help` must not load the detectors

    if output.exists():
        raise UsageError(f"-o {output}: there is such a file already; edit it, or name another")
    _finish.check(output)
    state = (state_dir or _state_dir()).absolute()
    given = {"log_dir": (log_dir or _log_dir()).absolute(), "state_dir": state}
    _create_folder(state)
    _finish.write(output, [_template.template(Settings, given)])
    _say.out(_next_steps(output.absolute(), state))


def _create_folder(state: Path) -> None:
    """Create the state folder now: a unit that may write nowhere else cannot create it later."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UnusableError(f"--state-dir {state}: {error.strerror}; choose another, or run as its owner") from error


def _next_steps(config: Path, state: Path) -> str:
    return (
        f"# {config} is written; check it, then run:\n"
        f"#   {' '.join(_schedule.program())} doctor --config {config}\n\n"
        f"# for `crontab -e`:\n{_schedule.crontab(config)}\n"
        f"# or, with systemd, two files and `systemctl enable --now zeeksmtp.timer`:\n{_schedule.units(config, state)}"
    )


def _log_dir() -> Path:
    return next((place for place in map(Path, LOG_DIRS) if place.is_dir()), Path(LOG_DIRS[0]))


def _state_dir() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/zeeksmtp")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "zeeksmtp"


COMMAND = Command("init", init)
