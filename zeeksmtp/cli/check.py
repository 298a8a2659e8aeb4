"""`zeeksmtp check`: a verdict over the state for Nagios, Icinga and their kin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from zeeksmtp.cli import _options, _remembered, _request, _say
from zeeksmtp.errors import ZeekSmtpError
from zeeksmtp.model import Command, Severity

_Warning = Annotated[
    Severity, typer.Option("--warning", "-w", metavar="|".join(Severity), help="Lowest severity that warns.")
]
_Critical = Annotated[
    Severity, typer.Option("--critical", "-c", metavar="|".join(Severity), help="Lowest severity that is critical.")
]
_Hours = Annotated[
    float, typer.Option(min=0.1, max=8760, help="An incident counts for so many hours after its last event.")
]
_MaxAge = Annotated[float, typer.Option(min=0.1, max=8760, help="Hours from which on the newest row is too old.")]


def check(
    *,
    config: _options.Config = None,
    warning: _Warning = Severity.MEDIUM,
    critical: _Critical = Severity.HIGH,
    hours: _Hours = 24,
    max_age: _MaxAge = 6,
) -> int:
    """Judge what passes remember, in one line with performance data, for monitoring.

    Open incidents (not acknowledged, not suppressed) warn or are critical by severity; an old newest row, failed files
    and units, and reports that wait for delivery warn. Exit codes are those of monitoring plugins, unlike elsewhere:
    0 OK, 1 warning, 2 critical, 3 unknown. It only reads; run it as the user of the pass.

    \b
    Examples:
      zeeksmtp check
      zeeksmtp check --config /etc/zeeksmtp.toml --critical critical --max-age 12
    """
    from zeeksmtp.doctor import monitoring  # noqa: PLC0415 - `--help` must not load SQLAlchemy
    from zeeksmtp.state.totals import read_totals  # noqa: PLC0415 - likewise

    limits = monitoring.Limits(warning, critical, timedelta(hours=hours), timedelta(hours=max_age))
    try:
        with _remembered.open_state(_request.settings(config, None)) as connection:
            memory, totals = _remembered.load(connection), read_totals(connection)
    except ZeekSmtpError as error:
        # A bar would begin the performance data.
        _say.out(f"ZEEKSMTP UNKNOWN - {_say.one_line(str(error)).replace('|', '/')}\n")
        return monitoring.UNKNOWN
    result = monitoring.judge(memory, totals, limits, datetime.now(UTC))
    _say.out(f"{result.line}\n")
    return result.code


COMMAND = Command("check", check)
