"""`zeeksmtp host`: all that is known of one host."""

from __future__ import annotations

from zeeksmtp.cli import _entity, _options, _request
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Command


def host(
    address: _entity.Address,
    paths: _options.OptionalPaths = None,
    *,
    form: _entity.Form = _entity.EntityFormat.TERMINAL,
    since: _options.Since = None,
    until: _options.Until = None,
    local_net: _options.LocalNet = None,
    config: _options.Config = None,
    quiet: _options.Quiet = False,
) -> ExitCode:
    """Show all that is known of a host: names, role, findings, peers, logins, mails, posture, and its sessions.

    Without PATH: the findings and incidents that scheduled passes remember. Exit code 3: nothing names the host.

    \b
    Examples:
      zeeksmtp host 10.20.1.15 /opt/zeek/logs/current
      zeeksmtp host 203.0.113.91
    """
    from zeeksmtp.entity_view.view import host_view  # noqa: PLC0415 - `--help` must not load polars

    settings = _request.settings(config, local_net)
    window = _request.window(since, until, settings.timezone)
    wanted = _entity.EntityRequest("host", _entity.address_of(address), paths, settings, window, form, quiet)
    return _entity.show(wanted, host_view)


COMMAND = Command("host", host)
