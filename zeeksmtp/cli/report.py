"""`zeeksmtp report`: logs in, report out."""

from zeeksmtp.cli import _copyable, _filters, _finish, _options, _request
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Command


def report(
    paths: _options.Paths,
    *,
    form: _options.Format = None,
    outputs: _options.Outs = None,
    full: _options.Full = False,
    since: _options.Since = None,
    until: _options.Until = None,
    min_severity: _filters.MinSeverity = None,
    detectors: _filters.Detectors = None,
    clients: _filters.Clients = None,
    servers: _filters.Servers = None,
    accounts: _filters.Accounts = None,
    local_net: _options.LocalNet = None,
    config: _options.Config = None,
    fail_on: _options.FailOn = None,
    pseudonymise: _options.Pseudonymise = False,
    engine: _options.Engine = "local",
    dask_scheduler: _options.DaskScheduler = None,
    quiet: _options.Quiet = False,
) -> ExitCode:
    """Report mail security incidents in Zeek logs: one screen, with the commands that show more.

    Exit code 0: done; 3: no usable log; 4: done, but a file or a check failed (the report says which); 10: see
    --fail-on.

    \b
    Examples:
      zeeksmtp report /opt/zeek/logs/current
      zeeksmtp report logs/ --since 24h --min-severity medium --client 10.20.1.0/24
      zeeksmtp report logs/ --full --local-net 10.0.0.0/8 | less
      zeeksmtp report logs/ -o report.json -o report.html --fail-on high
      zcat conn.*.log.gz smtp*.log.gz | zeeksmtp report -
    """
    _finish.check_all(outputs, form)
    wanted = _filters.chosen(
        min_severity=min_severity, detectors=detectors, clients=clients, servers=servers, accounts=accounts
    )
    settings = _request.settings(config, local_net, dask_scheduler)
    span = _request.window(since, until, settings.timezone)
    whole = _request.report_of(paths, settings, span, engine, quiet=quiet)
    show = _copyable.show_words(
        paths,
        since=since,
        until=until,
        min_severity=min_severity,
        detector=detectors,
        client=clients,
        server=servers,
        account=accounts,
        local_net=local_net,
        config=config,
        pseudonymise=pseudonymise,
    )
    return _finish.finish(
        _request.filtered(whole, wanted),
        form=form,
        targets=outputs or (),
        fail_on=fail_on,
        pseudonymise=pseudonymise,
        quiet=quiet,
        full=full,
        show=show,
    )


COMMAND = Command("report", report)
