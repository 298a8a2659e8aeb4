"""`zeeksmtp doctor`: what works and what is missing, each with its remedy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from zeeksmtp.cli import _options, _request, _say
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Command

if TYPE_CHECKING:
    from zeeksmtp.config import Settings
    from zeeksmtp.doctor import Check


def doctor(*, config: _options.Config = None) -> ExitCode:
    """Check folders, rights, disk space, Zeek package, config and state; say what to do.

    Changes nothing. Run it as the user that the pass runs as. Exit code 5: something has to be mended first.

    \b
    Examples:
      zeeksmtp doctor
      sudo -u zeek zeeksmtp doctor --config /etc/zeeksmtp.toml
    """
    settings = _request.settings(config, None)
    checks = [_config(config), *_checks(settings)]
    _say.out("".join(map(_line, checks)))
    return ExitCode.UNUSABLE if any(check.verdict == "fail" for check in checks) else ExitCode.OK


def _config(named: Path | None) -> Check:
    from zeeksmtp.config import PLACES  # noqa: PLC0415 - `--help` must not load the detectors
    from zeeksmtp.doctor import Check  # noqa: PLC0415 - likewise

    used = named or next((place for place in PLACES if place.is_file()), None)
    if used is None:
        return Check("warn", "config", "no config file: defaults and environment alone", "`zeeksmtp init` writes one")
    return Check("ok", "config", f"{used} is understood")


def _checks(settings: Settings) -> Iterator[Check]:
    from zeeksmtp.doctor import columns, log_dir, mail, state_dir, state_file  # noqa: PLC0415 - `--help` loads no polars

    noticed, found = log_dir.found_in(settings.log_dir)
    yield from noticed
    if found is not None:
        yield log_dir.freshness(found, time.time())
        yield from columns.seen_in(found)
    yield from state_dir.usable(settings.state_dir)
    yield from state_file.readable(settings.state_dir)
    yield from mail.answering(settings)


def _line(check: Check) -> str:
    from zeeksmtp.escaping import plain  # noqa: PLC0415 - not for `--help`

    remedy = f"{'':6}{'':14}→ {plain(check.remedy)}\n" if check.remedy else ""
    return f"{check.verdict:6}{check.about:14}{plain(check.what)}\n{remedy}"


COMMAND = Command("doctor", doctor)
