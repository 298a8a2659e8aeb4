"""`zeeksmtp show`: one incident or finding in full, with the sessions behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zeeksmtp.cli import _copyable, _filters, _finish, _options, _request, _say
from zeeksmtp.errors import ExitCode, UsageError
from zeeksmtp.model import Command, View

if TYPE_CHECKING:
    from zeeksmtp.config import Settings
    from zeeksmtp.report.entries import Entry, EntrySource

_Reference = Annotated[
    str,
    typer.Argument(
        metavar="N|ID", help="Number on the first screen of the report, or an id or its beginning.", show_default=False
    ),
]


def show(
    reference: _Reference,
    paths: _options.OptionalPaths = None,
    *,
    since: _options.Since = None,
    until: _options.Until = None,
    min_severity: _filters.MinSeverity = None,
    detectors: _filters.Detectors = None,
    clients: _filters.Clients = None,
    servers: _filters.Servers = None,
    accounts: _filters.Accounts = None,
    local_net: _options.LocalNet = None,
    config: _options.Config = None,
    pseudonymise: _options.Pseudonymise = False,
    engine: _options.Engine = "local",
    dask_scheduler: _options.DaskScheduler = None,
    quiet: _options.Quiet = False,
) -> ExitCode:
    """Show one incident or finding in full: timeline, evidence, what to do, and the sessions behind it.

    Numbers are those of `zeeksmtp report` over the same PATH with the same options; without PATH, those of
    `zeeksmtp incidents list`. Exit code 2: no such number or id.

    \b
    Examples:
      zeeksmtp show 1 /opt/zeek/logs/current
      zeeksmtp show ca7fef3982942648
    """
    wanted = _filters.chosen(
        min_severity=min_severity, detectors=detectors, clients=clients, servers=servers, accounts=accounts
    )
    settings = _request.settings(config, local_net, dask_scheduler)
    if not paths:
        source = _remembered(settings)
        _say.out(text_of(_chosen(source, reference), source, [settings.log_dir] if settings.log_dir else []))
        return ExitCode.OK
    span = _request.window(since, until, settings.timezone)
    whole = _request.report_of(paths, settings, span, engine, quiet=quiet)
    if pseudonymise:
        whole = _finish.pseudonymised(whole)
    entry = _chosen(_request.filtered(whole, wanted), reference)
    # Filters number the entries; the evidence of the chosen one is shown whole.
    _say.out(text_of(entry, whole, paths))
    return _finish.verdict(whole, None)


def text_of(entry: Entry, report: EntrySource, logs: Sequence[Path]) -> str:
    """Return an incident or finding in full, for this terminal; its commands name the `logs`."""
    from zeeksmtp.outputs import terminal  # noqa: PLC0415 - rich is not for `--help`

    return terminal.render_entry(entry, report, View(_finish.width(), show=_copyable.show_words(logs)))


def _remembered(settings: Settings) -> EntrySource:
    from zeeksmtp.cli._remembered import load, open_state  # noqa: PLC0415 - `--help` must not load SQLAlchemy

    with open_state(settings) as connection:
        return load(connection).entries()


def _chosen(report: EntrySource, reference: str) -> Entry:
    from zeeksmtp.report.entries import entries, find_entries  # noqa: PLC0415 - not for `--help`

    found = find_entries(report, reference)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{reference} stands for {len(found)} incidents or findings; give its number")
    last = len(entries(report))
    numbers = f"their numbers are 1 to {last}" if last else "there are none"
    raise UsageError(f"no incident or finding of this report is {reference}; {numbers}")


COMMAND = Command("show", show)
