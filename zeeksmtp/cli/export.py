"""`zeeksmtp export`: the lake and the facts as Parquet, for analysts."""

from pathlib import Path
from typing import Annotated

import typer

from zeeksmtp.cli import _finish, _options, _progress, _request, _say
from zeeksmtp.errors import ExitCode, UsageError
from zeeksmtp.model import Command

_Folder = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="DIR", help="A folder that is new or empty.", show_default=False),
]


def export(
    paths: _options.Paths,
    *,
    output: _Folder,
    since: _options.Since = None,
    until: _options.Until = None,
    local_net: _options.LocalNet = None,
    config: _options.Config = None,
    engine: _options.Engine = "local",
    dask_scheduler: _options.DaskScheduler = None,
    quiet: _options.Quiet = False,
) -> ExitCode:
    """Write what was read, and the tables made of it, as Parquet: DIR/lake/LOG/*.parquet and DIR/facts/*.parquet.

    Tables and columns are described in docs/facts.md.

    \b
    Examples:
      zeeksmtp export /opt/zeek/logs/current -o tables
      duckdb -c "select client, count(*) from 'tables/facts/session.parquet' group by all"
    """
    from zeeksmtp import pipeline  # noqa: PLC0415 - `--help` must not load polars

    _check(output)
    settings = _request.settings(config, local_net, dask_scheduler)
    window = _request.window(since, until, settings.timezone)
    with _progress.watching(quiet=quiet) as watch:
        request = pipeline.Request(
            tuple(paths), settings, window, engine, progress=watch.progress, started=watch.started, step=watch.step
        )
        result = pipeline.export(request, output)
    _say.note(_finish.summary(result, output), quiet=quiet)
    return _finish.verdict(result, None)


def _check(folder: Path) -> None:
    """Refuse a folder that holds anything: parts of two exports would mix."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"-o {folder} is not a folder; name a new or empty one")
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"-o {folder} is not empty; name a new or empty folder, so that no old tables mix with new")


COMMAND = Command("export", export)
