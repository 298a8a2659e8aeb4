"""Install the files that systemd reads, and let its own tools create the user and set the owners."""

from __future__ import annotations

import grp
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from zeeksmtp.errors import UnusableError
from zeeksmtp.setup import units

_TOOLS = (("systemd-sysusers", ()), ("systemd-tmpfiles", ("--create",)))
"""User first, then what belongs to it."""
_TIMEOUT_SECONDS = 60
_MODE = 0o644


def install(installation: units.Installation, root: Path) -> list[Path]:
    """Write all files below `root`, create user and folders there, and return the files.

    Raises:
        UnusableError: systemd's tools are missing or fail, a file cannot be written, or the user could not start the
            program.
    """
    _check_program(Path(installation.program[0]))
    commands = [[_found(name), f"--root={root}", *options] for name, options in _TOOLS]
    written = [_write(root / place.relative_to("/"), text) for place, text in units.files(installation).items()]
    for command in commands:
        _run([*command, "zeeksmtp.conf"])  # looked up below the root
    return written


def _found(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise UnusableError(f"--systemd: {name} is not on PATH; use the crontab line that `init` prints without it")
    return found


def _check_program(program: Path) -> None:
    """Refuse a program in somebody's home: the service runs as a user of its own, which cannot enter it."""
    closed = [folder for folder in program.resolve().parents if not folder.stat().st_mode & stat.S_IXOTH]
    if closed:
        raise UnusableError(
            f"--systemd: {program} lies in {closed[-1]}, which user {units.USER} cannot enter; "
            "install zeeksmtp where all can, such as below /opt"
        )


def _write(place: Path, text: str) -> Path:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
        place.chmod(_MODE)
    except OSError as error:
        raise UnusableError(f"--systemd: {place}: {error.strerror}; run as root") from error
    return place


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - systemd's own tools, no shell
            command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnusableError(f"--systemd: {command[0]}: {error}") from error
    if done.returncode:
        raise UnusableError(f"--systemd: {' '.join(command)} failed: {done.stderr.strip() or done.returncode}")


def reading_groups(group: int | None) -> tuple[str, ...]:
    """Return the name of the group that may read the logs, if it takes one; root's is none that a service may have."""
    if not group:
        return ()
    try:
        return (grp.getgrgid(group).gr_name,)
    except KeyError:
        return (str(group),)
