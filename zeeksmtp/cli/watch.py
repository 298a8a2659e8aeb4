"""`zeeksmtp watch`: follow a live log directory and print findings as they arise."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zeeksmtp.cli import _options, _request, _say
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Command

if TYPE_CHECKING:
    from zeeksmtp.model import Finding
    from zeeksmtp.watch.wakeup import Wakeup


class WatchFormat(StrEnum):
    """Forms in which findings are printed as they come."""

    TERMINAL = "terminal"
    JSON = "json"


_Folder = Annotated[
    Path,
    typer.Argument(metavar="PATH", help="Folder that Zeek writes its logs to, or one with `current` in it."),
]
_Form = Annotated[
    WatchFormat,
    typer.Option("--format", metavar="|".join(WatchFormat), help="A line of text or a JSON object for each finding."),
]
_FromStart = Annotated[bool, typer.Option("--from-start", help="Read what the logs hold already, too.")]
_Hours = Annotated[float, typer.Option("--hours", min=1, max=168, help="Hours that the tests over counts look back.")]


def watch(
    path: _Folder,
    *,
    form: _Form = WatchFormat.TERMINAL,
    from_start: _FromStart = False,
    hours: _Hours = 24,
    local_net: _options.LocalNet = None,
    config: _options.Config = None,
    quiet: _options.Quiet = False,
) -> ExitCode:
    """Follow a live log directory and print findings as they arise, until Ctrl-C or SIGTERM.

    What one line proves (a password in clear, a VRFY, a blocklist's refusal, a masked STARTTLS) is printed within two
    seconds, what takes counts within a minute or so. Each finding is printed once, and again if it gets worse.
    Rotated logs are followed to their end; packed ones are left to `zeeksmtp report`.

    \b
    Examples:
      zeeksmtp watch /opt/zeek/logs/current
      zeeksmtp watch /opt/zeek/logs/current --format json >> /var/log/zeeksmtp.ndjson
    """
    from zeeksmtp.watch import loop  # noqa: PLC0415 - `--help` must not load polars
    from zeeksmtp.watch.wakeup import Wakeup  # noqa: PLC0415 - likewise

    request = loop.WatchRequest(path, _request.settings(config, local_net), from_start, hours)
    wakeup = Wakeup()
    _say.note(f"watching {path}; Ctrl-C ends", quiet=quiet)
    try:
        with wakeup.signals():
            loop.watch(request, _printer(form, wakeup), _notify, wakeup)
    except KeyboardInterrupt:  # it came while a finding was printed: nobody may be reading on
        _say.discard()
    return ExitCode.OK


def _printer(form: WatchFormat, wakeup: Wakeup) -> Callable[[Sequence[Finding]], None]:
    line = _object if form is WatchFormat.JSON else _sentence

    def show(findings: Sequence[Finding]) -> None:
        wakeup.ended |= not _say.out("".join(map(line, findings)))

    return show


def _notify(trouble: str) -> None:
    _say.trouble(trouble, 0)


def _object(finding: Finding) -> str:
    # Pure ASCII, as in the report's JSON: harmless to `cat`, and one line whatever a log held.
    return json.dumps(finding.model_dump(mode="json"), ensure_ascii=True, allow_nan=False) + "\n"


def _sentence(finding: Finding) -> str:
    from zeeksmtp.rendering import phrases  # noqa: PLC0415 - not for `--help`

    return f"{phrases.stamp(finding.last)}  {finding.severity:<8}  {phrases.headline(finding)}  {finding.id}\n"


COMMAND = Command("watch", watch)
