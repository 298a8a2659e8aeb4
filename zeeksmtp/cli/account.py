"""`zeeksmtp account`: all that is known of one account."""

from __future__ import annotations

from typing import Annotated

import typer

from zeeksmtp.cli import _entity, _options, _request
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Command

_Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The account, in any form in which it is logged.", show_default=False)
]


def account(
    name: _Name,
    paths: _options.OptionalPaths = None,
    *,
    form: _entity.Form = _entity.EntityFormat.TERMINAL,
    since: _options.Since = None,
    until: _options.Until = None,
    local_net: _options.LocalNet = None,
    config: _options.Config = None,
    quiet: _options.Quiet = False,
) -> ExitCode:
    """Show all that is known of an account: findings, logins in clear by client and server, mails, and its sessions.

    `alice`, `alice@corp.example` and `CORP\\alice` stand for the same account. Without PATH: the findings and
    incidents that scheduled passes remember. Exit code 3: nothing names the account.

    \b
    Examples:
      zeeksmtp account scanner /opt/zeek/logs/current
      zeeksmtp account alice@corp.example logs/ --since 7d
    """
    from zeeksmtp.entity_view.view import account_view  # noqa: PLC0415 - `--help` must not load polars

    settings = _request.settings(config, local_net)
    window = _request.window(since, until, settings.timezone)
    wanted = _entity.EntityRequest("account", name, paths, settings, window, form, quiet)
    return _entity.show(wanted, account_view)


COMMAND = Command("account", account)
