"""`zeeksmtp host`: all that is known of one host."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

import typer

from zeeksmtp.cli import _entity, _options, _request
from zeeksmtp.errors import ExitCode, UsageError
from zeeksmtp.model import Command

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The host, on either side.", show_default=False)]


def host(
    address: Address,
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
    wanted = _entity.EntityRequest("host", address_of(address), paths, settings, window, form, quiet)
    return _entity.show(wanted, host_view)


def address_of(text: str) -> str:
    """Return an address in the form in which Zeek logs it. Raises `UsageError` for what is none."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise UsageError(f"{text!r} is no address; give one such as 10.20.1.15 or 2001:db8::25") from None


COMMAND = Command("host", host)
