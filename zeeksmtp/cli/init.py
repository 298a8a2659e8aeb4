"""`zeeksmtp init`: a config file from what the machine shows, and what runs the scheduled pass."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from zeeksmtp.cli import _finish, _say
from zeeksmtp.errors import UnusableError, UsageError
from zeeksmtp.model import Command

_Out = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where the config file is written; default zeeksmtp.toml, with --systemd /etc/zeeksmtp.toml.",
    ),
]
_LogDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of Zeek's logs; default: the usual one with the newest logs."),
]
_StateDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where passes keep lake and state; default /var/lib/zeeksmtp, or below $HOME."),
]
_Systemd = Annotated[
    bool, typer.Option("--systemd", help="Install a service and its timer, with a user of its own; needs root.")
]
_Root = Annotated[
    Path, typer.Option(metavar="DIR", help="With --systemd: install below DIR, such as the tree of an image.")
]


def init(
    *,
    output: _Out = None,
    log_dir: _LogDir = None,
    state_dir: _StateDir = None,
    systemd: _Systemd = False,
    root: _Root = Path("/"),
) -> None:
    """Write a commented zeeksmtp.toml from what this machine shows, and set up the scheduled pass.

    Finds Zeek's log folder, the networks that conn.log marks as local, and the time zone. Prints the crontab line, or
    with --systemd installs a service and a timer. A config file that is there already is not touched: --systemd uses
    it, otherwise it is refused. Run `zeeksmtp doctor` next.

    \b
    Examples:
      zeeksmtp init
      sudo zeeksmtp init --systemd
      sudo zeeksmtp init -o /etc/zeeksmtp.toml --log-dir /opt/zeek/logs
    """
    if root != Path("/") and not systemd:
        raise UsageError("--root goes with --systemd")
    config = (output or Path("/etc/zeeksmtp.toml" if systemd else "zeeksmtp.toml")).absolute()
    target = root / config.relative_to("/")
    if target.exists():
        if not systemd or log_dir or state_dir:
            raise UsageError(f"-o {target}: there is such a file already; edit it, or name another")
    else:
        state = (state_dir or _state_dir(system=systemd)).absolute()
        _write(target, log_dir, state, create_state=not systemd)
    _say.out(_install(config, target, root) if systemd else _crontab(config))


def _write(target: Path, log_dir: Path | None, state: Path, *, create_state: bool) -> None:
    """Write the config file and say what it rests on."""
    from zeeksmtp.cli import _survey_lines, _template  # noqa: PLC0415 - `--help` must not load the detectors
    from zeeksmtp.config import Settings  # noqa: PLC0415 - likewise
    from zeeksmtp.setup.survey import survey  # noqa: PLC0415 - likewise

    _finish.check(target)
    found = survey(log_dir)
    given: dict[str, object] = {"log_dir": found.log_dir.path, "state_dir": state}
    if found.timezone != "UTC":
        given["timezone"] = found.timezone
    proposed = {"local_nets": found.local_nets.networks} if found.local_nets.usable else {}
    if create_state:
        _create_folder(state)
    _finish.write(target, [_template.template(Settings, given, proposed)])
    lines = _survey_lines.lines(found, Settings().settle_seconds, time.time())
    _say.out("".join(f"# {line}\n" for line in lines))


def _crontab(config: Path) -> str:
    from zeeksmtp.cli import _schedule  # noqa: PLC0415 - not for `--help`

    return (
        f"# {config} is written; check it, then run:\n"
        f"#   {' '.join(_schedule.program())} doctor --config {config}\n\n"
        f"# for `crontab -e` (`init --systemd` installs a service and a timer instead):\n{_schedule.crontab(config)}"
    )


def _install(config: Path, target: Path, root: Path) -> str:
    """Install what systemd needs for the config at `target`, which the service will find as `config`."""
    from zeeksmtp.cli import _schedule  # noqa: PLC0415 - not for `--help`
    from zeeksmtp.config import load  # noqa: PLC0415 - `--help` must not load the detectors
    from zeeksmtp.setup import install, log_dirs, units  # noqa: PLC0415 - likewise

    settings = load(target)
    if settings.log_dir is None or settings.state_dir is None:
        raise UnusableError(f"{target}: log_dir and state_dir have to be set; delete the file to have it written anew")
    groups = install.reading_groups(log_dirs.look(settings.log_dir).reading_group)
    targets = [*map(Path, settings.report_files), *filter(None, [settings.metrics_file])]
    writes = sorted({target.parent for target in targets})
    installation = units.Installation(_schedule.program(), config, settings.state_dir, groups, writes)
    written = "".join(f"# {path} is written\n" for path in install.install(installation, root))
    doctor = f"runuser -u {units.USER} -- {' '.join(_schedule.program())} doctor --config {config}"
    return f"{written}# next:\n{doctor}\nsystemctl daemon-reload\nsystemctl enable --now zeeksmtp.timer\n"


def _create_folder(state: Path) -> None:
    """Create the state folder now: the pass may run as a user who may not create it later."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UnusableError(f"--state-dir {state}: {error.strerror}; choose another, or run as its owner") from error


def _state_dir(*, system: bool) -> Path:
    if system or os.geteuid() == 0:
        return Path("/var/lib/zeeksmtp")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "zeeksmtp"


COMMAND = Command("init", init)
