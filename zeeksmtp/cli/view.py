"""`zeeksmtp view`: incidents, findings, hosts, accounts and sessions in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zeeksmtp.cli import _copyable, _finish, _options, _request
from zeeksmtp.errors import NoInputError, UnusableError, UsageError
from zeeksmtp.model import Command

if TYPE_CHECKING:
    from zeeksmtp.config import Settings
    from zeeksmtp.model import Report, Window
    from zeeksmtp.viewer.source import ViewSource

REPORT_HEAD_BYTES = 200
"""The schema stands at the head of a report.json."""
_Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH...]",
        help="Zeek logs to judge, or a report.json with the logs that its transcripts come from; "
        "without any, what scheduled passes remember.",
        show_default=False,
    ),
]
_Search = Annotated[
    str, typer.Option(metavar="TEXT", help="Search to begin with, as `client:10.20. severity:>=high since:24h`.")
]


def view(
    paths: _Paths = None,
    *,
    search: _Search = "",
    since: _options.Since = None,
    until: _options.Until = None,
    local_net: _options.LocalNet = None,
    config: _options.Config = None,
    pseudonymise: _options.Pseudonymise = False,
    quiet: _options.Quiet = False,
) -> None:
    """Look through incidents, findings, hosts, accounts and sessions in the terminal; `?` lists keys and search terms.

    Over what scheduled passes remember, entries can be acknowledged and suppressed, and that taken back. Needs the
    extra `tui`: pip install 'zeeksmtp[tui]'. Exit code 5: that is missing.

    \b
    Examples:
      zeeksmtp view /opt/zeek/logs/current
      zeeksmtp view report.json /opt/zeek/logs/2026-11-23
      zeeksmtp view --search "severity:>=high state:new"
    """
    if find_spec("textual") is None:
        raise UnusableError("`zeeksmtp view` needs the extra tui: pip install 'zeeksmtp[tui]'")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("`zeeksmtp view` needs a terminal; `zeeksmtp report --full` writes to a file or a pipe")
    settings = _request.settings(config, local_net)
    span = _request.window(since, until, settings.timezone)
    source, logs = _source(paths or [], settings, span, pseudonymise=pseudonymise, quiet=quiet)
    from zeeksmtp.viewer.app import Viewer  # noqa: PLC0415 - textual is an extra

    Viewer(source, search=search, timezone=settings.timezone, show=_copyable.show_words(logs)).run()


def _source(
    paths: Sequence[Path], settings: Settings, span: Window, *, pseudonymise: bool, quiet: bool
) -> tuple[ViewSource, Sequence[Path]]:
    from zeeksmtp.viewer.source import ReportSource, StateSource  # noqa: PLC0415 - `--help` must not load polars

    if not paths:
        from zeeksmtp.cli._remembered import state_file  # noqa: PLC0415 - not for `--help`

        logs = [settings.log_dir] if settings.log_dir else []
        return StateSource(state_file(settings), logs, settings.site), logs
    report, where = _report_and_logs(paths, settings, span, quiet=quiet)
    shown = _finish.pseudonymised(report) if pseudonymise else report
    return ReportSource(shown, ", ".join(map(str, paths)), where, settings.site), where


def _report_and_logs(
    paths: Sequence[Path], settings: Settings, span: Window, *, quiet: bool
) -> tuple[Report, Sequence[Path]]:
    reports = [path for path in paths if is_report(path)]
    if not reports:
        return _request.report_of(paths, settings, span, quiet=quiet), paths
    if len(reports) > 1:
        raise UsageError(f"{reports[0]} and {reports[1]} are both reports; give one")
    report, logs = read_report(reports[0]), [path for path in paths if path not in reports]
    named = dict.fromkeys(Path(file.path) for file in report.inputs.files if file.log)
    return report, logs or [path for path in named if path.exists()]


def is_report(path: Path) -> bool:
    """Return whether a file is a report in JSON, and no log."""
    if path.suffix != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        return b'"zeeksmtp.report.' in file.read(REPORT_HEAD_BYTES)


def read_report(path: Path) -> Report:
    """Return the report that a file holds. Raises `NoInputError` for one of another version, or a damaged one."""
    from pydantic import ValidationError  # noqa: PLC0415 - not for `--help`

    from zeeksmtp.model import Report  # noqa: PLC0415 - likewise

    try:
        return Report.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise NoInputError(f"{path} is no report of this version: {where}: {first['msg']}; make it anew") from None


COMMAND = Command("view", view)
