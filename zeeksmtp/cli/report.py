"""`zeeksmtp report`: logs in, report out."""

from zeeksmtp.cli import _finish, _options, _progress, _request
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Command


def report(
    paths: _options.Paths,
    *,
    form: _options.Format = "terminal",
    output: _options.Out = None,
    since: _options.Since = None,
    until: _options.Until = None,
    local_net: _options.LocalNet = None,
    config: _options.Config = None,
    fail_on: _options.FailOn = None,
    pseudonymise: _options.Pseudonymise = False,
    engine: _options.Engine = "local",
    dask_scheduler: _options.DaskScheduler = None,
    quiet: _options.Quiet = False,
) -> ExitCode:
    """Say what is wrong with the mail in Zeek logs: logs in, report out.

    Exit code 0: done; 3: no usable log; 4: done, but a file or a check failed (the report says which); 10: see
    --fail-on.

    \b
    Examples:
      zeeksmtp report /opt/zeek/logs/current
      zeeksmtp report logs/ --since 2026-11-22 --local-net 10.0.0.0/8
      zeeksmtp report logs/ --format json -o report.json --fail-on high
    """
    from zeeksmtp import pipeline  # noqa: PLC0415 - `--help` must not load polars

    _finish.check(output)
    settings = _request.settings(config, local_net, dask_scheduler)
    window = _request.window(since, until, settings.timezone)
    with _progress.watching(quiet=quiet) as watch:
        request = pipeline.Request(tuple(paths), settings, window, engine, watch.progress, watch.started)
        result = pipeline.run(request)
    return _finish.finish(result, form=form, target=output, fail_on=fail_on, pseudonymise=pseudonymise, quiet=quiet)


COMMAND = Command("report", report)
