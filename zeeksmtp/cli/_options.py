"""The options that commands share, each said once."""

from collections.abc import Callable
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

import zeeksmtp.engine
import zeeksmtp.outputs
from zeeksmtp import registry
from zeeksmtp.cli import _streams
from zeeksmtp.model import Severity


def choice(kind: str, package: ModuleType, separator: str = "_") -> Callable[[str], str]:
    """Return a check for an option whose values are the units of `package`, found without importing one.

    `separator` stands in the units' names for the underscore of their files.
    """

    def check(value: str) -> str:
        known = tuple(name.replace("_", separator) for name in registry.names(package))
        if value in known:
            return value
        near = get_close_matches(value, known, 1, 0.5)
        raise typer.BadParameter(f"no {kind} is called {value!r}; {hint(near, known)}")

    return check


def hint(near: list[str], known: tuple[str, ...]) -> str:
    """Return which name was meant, or which there are."""
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"


def _networks(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        try:
            ip_network(value)
        except ValueError as error:
            raise typer.BadParameter(f"{error}; give a network such as 10.0.0.0/8 or 2001:db8::/32") from None
    return values


_FORMATS = "|".join(registry.names(zeeksmtp.outputs))


def _format(value: str | None) -> str | None:
    return value and choice("format", zeeksmtp.outputs)(value)


Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...",
        callback=_streams.as_files,
        help="Zeek log files, or directories that hold some; `-` reads standard input.",
        show_default=False,
    ),
]
OptionalPaths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH...]",
        callback=lambda paths: paths and _streams.as_files(paths),
        help="Zeek logs to judge; `-` reads standard input; without any, what scheduled passes remember.",
        show_default=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar=_FORMATS,
        callback=_format,
        autocompletion=lambda: list(registry.names(zeeksmtp.outputs)),
        help="Form of the report; by default what the name of FILE ends with, else terminal.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write the report to FILE, all of it or nothing."),
]
Outs = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the report to FILE, all of it or nothing; repeatable: -o report.html -o report.json.",
    ),
]
Full = Annotated[
    bool,
    typer.Option("--full", help="Everything, not just the first screen: evidence, tables, traffic (terminal only)."),
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Judge what happened at TIME or later; earlier rows serve as history. "
        "2026-11-23, 2026-11-23T06:00, 2026-11-23T06:00Z, 30m, 24h or 7d (ago), yesterday, today; "
        "without a zone in the config's timezone.",
    ),
]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Judge what happened before TIME; see --since.")]
LocalNet = Annotated[
    list[str] | None,
    typer.Option("--local-net", metavar="CIDR", callback=_networks, help="A network of the site; repeatable."),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings; default ./zeeksmtp.toml, else /etc/zeeksmtp.toml."),
]
FailOn = Annotated[
    Severity | None,
    typer.Option(
        metavar="|".join(Severity), help="Exit with 10 if a finding is of this severity or above.", show_default=False
    ),
]
Pseudonymise = Annotated[
    bool,
    typer.Option(
        "--pseudonymise",
        help="Replace addresses, accounts, host and domain names, each always by the same made-up one.",
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        metavar="|".join(registry.names(zeeksmtp.engine)),
        callback=choice("engine", zeeksmtp.engine),
        help="What does the work.",
    ),
]
DaskScheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Where --engine dask finds its workers, such as tcp://10.0.0.5:8786."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary on stderr.")]
