"""`zeeksmtp zeek-scripts`: where the bundled Zeek package lies."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

import zeeksmtp
from zeeksmtp.cli import _say
from zeeksmtp.errors import UnusableError, UsageError
from zeeksmtp.model import Command

NAME = "zeeksmtp"
_ENTRY = "__load__.zeek"

_Install = Annotated[
    Path | None,
    typer.Option(
        "--install",
        metavar="DIR",
        help="Copy the package to DIR/zeeksmtp; an older copy there is replaced.",
        show_default=False,
    ),
]


def folder() -> Path:
    """Return the folder of the bundled Zeek package: inside the wheel, or at the root of a checkout."""
    package = Path(zeeksmtp.__file__).parent
    for place in (package / "_zeek_scripts", package.parent / "zeek_scripts"):
        if (place / _ENTRY).is_file():
            return place
    raise UnusableError("the bundled Zeek package is missing from this installation; install zeeksmtp again")


def zeek_scripts(install: _Install = None) -> None:
    """Print where the bundled Zeek package lies, or copy it to where Zeek looks for scripts.

    It adds smtp_cmd.log, smtp_auth.log and smtp_session.log. Once installed, add `@load zeeksmtp` to local.zeek.

    \b
    Examples:
      zeeksmtp zeek-scripts
      zeeksmtp zeek-scripts --install /opt/zeek/share/zeek/site
      zeek -C -r capture.pcap "$(zeeksmtp zeek-scripts)"
    """
    source = folder()
    _say.out(f"{source if install is None else _copy(source, install)}\n")
    if install is not None:
        _say.note("Add `@load zeeksmtp` to local.zeek, then deploy.")


def _copy(source: Path, place: Path) -> Path:
    target = place / NAME
    if not place.is_dir():
        raise UsageError(f"--install {place}: no such folder; try $(zeek-config --site_dir)")
    if target.exists() and not (target / _ENTRY).is_file():
        raise UsageError(f"--install: {target} is there and is no Zeek package; move it away first")
    try:
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(source, target)
    except OSError as error:
        raise UnusableError(
            f"--install {place}: {error.strerror or error}; give access or choose another folder"
        ) from error
    return target


COMMAND = Command("zeek-scripts", zeek_scripts)
