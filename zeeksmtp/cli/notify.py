"""Delivery of reports: try out every configured channel."""

from __future__ import annotations

from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated

import typer

from zeeksmtp.cli import _options, _request, _say
from zeeksmtp.errors import ConfigError, DeliveryError, ExitCode, UsageError
from zeeksmtp.model import Command

_Channels = Annotated[
    list[str] | None,
    typer.Argument(metavar="[CHANNEL]...", help="Channels to try, as this command names them; default: all."),
]


def test(channels: _Channels = None, *, config: _options.Config = None) -> ExitCode:
    """Send a sample report through every configured channel: mail, files, command, syslog, webhooks.

    The sample says that it is a test. A file of `report_files` is not replaced: the sample goes beside it, with -test
    in its name. Exit code 4: a channel failed.

    \b
    Examples:
      zeeksmtp notify test
      zeeksmtp notify test webhook:chat --config /etc/zeeksmtp.toml
    """
    from zeeksmtp.delivery import configured, sample_envelope, send  # noqa: PLC0415 - `--help` loads no transport

    settings = _request.settings(config, None)
    envelope = sample_envelope(datetime.now(UTC))
    failed = False
    for channel in _chosen(channels, configured(settings)):
        try:
            send(channel, envelope, settings)
        except DeliveryError as error:
            failed = True
            _say.out(f"fail  {channel}: {error}\n")
        else:
            _say.out(f"ok    {channel}: sent\n")
    return ExitCode.DEGRADED if failed else ExitCode.OK


def _chosen(channels: list[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    if not known:
        raise ConfigError(
            "no channel is configured: set `mail`, `report_files`, `report_command`, `syslog` or `webhooks`"
        )
    wrong = [channel for channel in channels or () if channel not in known]
    if wrong:
        near = get_close_matches(wrong[0], known, 1, 0.5)
        raise UsageError(f"no channel is called {wrong[0]!r}; {_options.hint(near, known)}")
    return tuple(channels or known)


COMMAND = Command("notify", {"test": test})
