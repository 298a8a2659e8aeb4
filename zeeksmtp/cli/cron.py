"""`zeeksmtp cron`: one scheduled pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

import zeeksmtp.outputs
from zeeksmtp import registry
from zeeksmtp.cli import _options, _progress, _request, _say
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Command, Severity, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zeeksmtp.cron.request import PassResult
    from zeeksmtp.model import Finding, Incident, Report

_DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print what the pass would read and find; change and deliver nothing.")
]
_Rebuild = Annotated[
    bool,
    typer.Option("--rebuild", help="Make the lake anew from the logs that are still there; findings are kept."),
]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing if there is nothing new to report.")]


def cron(
    *,
    form: _options.Format = "terminal",
    config: _options.Config = None,
    fail_on: _options.FailOn = None,
    engine: _options.Engine = "local",
    dry_run: _DryRun = False,
    rebuild: _Rebuild = False,
    quiet: _Quiet = False,
) -> ExitCode:
    """Run one scheduled pass over `log_dir`: ingest new lines, detect, remember, and report what is new.

    The report goes where the config says (docs/config.md), else to stdout. One pass at a time: a second one ends at
    once. Exit code 0: done; 4: done, but a file, a detector or a delivery failed; 5: another pass runs, or config or
    state cannot be used; 10: a new finding at or above --fail-on.

    \b
    Examples:
      zeeksmtp cron --quiet
      zeeksmtp cron --dry-run
    """
    from zeeksmtp.cron import run  # noqa: PLC0415 - `--help` must not load SQLAlchemy
    from zeeksmtp.cron.request import PassRequest  # noqa: PLC0415 - likewise

    settings = _request.settings(config, None)
    log_dir, state_dir = run.folders(settings)

    def show(report: Report) -> None:
        _say.out(registry.unit(zeeksmtp.outputs, form or "terminal", "OUTPUT").render(report, View()))

    with _progress.watching(quiet=quiet) as watch:
        request = PassRequest(
            settings, log_dir, state_dir, engine, watch.progress, watch.started, watch.step, rebuild=rebuild
        )
        result = run.dry_run(request) if dry_run else run.run(request, show)
    if dry_run:
        _say.out("".join(_preview(result)))
    elif not (quiet or result.news):
        _say.out(f"{_summary(result)}\n")
    for line in result.undelivered:
        _say.trouble(line, ExitCode.DEGRADED)
    return _exit_code(result, fail_on)


def _summary(result: PassResult) -> str:
    deferred = f"; {result.deferred} files left for a later pass" if result.deferred else ""
    return f"nothing new to report; new lines in {len(result.files)} files{deferred}"


def _preview(result: PassResult) -> Iterator[str]:
    """Yield what a dry run found, line by line."""
    from zeeksmtp.escaping import plain  # noqa: PLC0415 - not for `--help`

    yield from (plain(f"would read new lines of {path}") + "\n" for path in result.files)
    report = result.report
    if report is None or not result.news:
        yield f"{_summary(result)}\n"
        return
    owned = {finding for incident in report.incidents for finding in incident.findings}
    alone = [f for f in report.findings if f.id not in owned and f.symptom_of is None]
    reported: list[Incident | Finding] = [*report.incidents, *alone]
    for thing in reported:
        if thing.state in {"new", "ongoing"}:
            yield plain(f"would report {thing.state}: {thing.severity} {thing.title} {thing.id}") + "\n"


def _exit_code(result: PassResult, fail_on: Severity | None) -> ExitCode:
    from zeeksmtp.cron.reporting import news_of  # noqa: PLC0415 - not for `--help`

    news = news_of(result.report) if result.report else []
    if fail_on and any(finding.severity.rank >= fail_on.rank for finding in news):
        return ExitCode.FINDINGS
    return ExitCode.DEGRADED if result.degraded or result.undelivered else ExitCode.OK


COMMAND = Command("cron", cron)
