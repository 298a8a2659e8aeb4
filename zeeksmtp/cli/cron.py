"""`zeeksmtp cron`: one scheduled pass."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from zeeksmtp.cli import _options, _progress, _request, _say
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Command, Severity

if TYPE_CHECKING:
    from zeeksmtp.cron._asked import Ended
    from zeeksmtp.model import Report

_DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what the pass would take and find; change nothing, deliver nothing.")
]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing if there is nothing new to tell.")]


def cron(
    *,
    form: _options.Format = "terminal",
    config: _options.Config = None,
    fail_on: _options.FailOn = None,
    engine: _options.Engine = "local",
    dry_run: _DryRun = False,
    quiet: _Quiet = False,
) -> ExitCode:
    """Make one scheduled pass over `log_dir`: take new lines, judge, remember, and report what is new.

    The report goes where the config says (docs/config.md), else to stdout. One pass at a time: a second one ends at
    once. Exit code 0: done; 4: done, but a file, a check or a delivery failed; 5: another pass runs, or config or
    state cannot be used; 10: a new finding at or above --fail-on.

    \b
    Examples:
      zeeksmtp cron --quiet
      zeeksmtp cron --dry-run
    """
    from zeeksmtp.cron import run  # noqa: PLC0415 - `--help` must not load SQLAlchemy
    from zeeksmtp.cron._asked import Asked  # noqa: PLC0415 - likewise

    settings = _request.settings(config, None)
    log_dir, state_dir = run.folders(settings)

    def show(report: Report) -> None:
        _say.out(import_module(f"zeeksmtp.outputs.{form}").OUTPUT.render(report, None))

    with _progress.watching(quiet=quiet) as watch:
        asked = Asked(settings, log_dir, state_dir, engine, watch.progress, watch.started)
        ended = run.dry_run(asked) if dry_run else run.run(asked, show)
    if dry_run:
        _say.out(_foretold(ended))
    elif not (quiet or ended.news):
        _say.out(f"{_summary(ended)}\n")
    for line in ended.undelivered:
        _say.trouble(line, ExitCode.DEGRADED)
    return _verdict(ended, fail_on)


def _summary(ended: Ended) -> str:
    left = f"; {ended.left} files left for a later pass" if ended.left else ""
    return f"nothing new; new lines in {len(ended.files)} files{left}"


def _foretold(ended: Ended) -> str:
    from zeeksmtp.cron.life import headline  # noqa: PLC0415 - not for `--help`
    from zeeksmtp.outputs._escape import plain  # noqa: PLC0415 - likewise

    lines = [f"would take new lines of {path}" for path in ended.files]
    found = ended.report.findings if ended.report else ()
    lines += [f"would report {f.state}: {f.severity} {f.title} {f.id}" for f in found if f.state in {"new", "ongoing"}]
    lines.append(headline(ended.report) if ended.report else _summary(ended))
    return "".join(f"{plain(line)}\n" for line in lines)


def _verdict(ended: Ended, fail_on: Severity | None) -> ExitCode:
    fresh = [f for f in ended.report.findings if f.state == "new"] if ended.report else []
    if fail_on and any(finding.severity.rank >= fail_on.rank for finding in fresh):
        return ExitCode.FINDINGS
    return ExitCode.DEGRADED if ended.degraded or ended.undelivered else ExitCode.OK


COMMAND = Command("cron", cron)
