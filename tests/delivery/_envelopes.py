"""Envelopes and settings for tests of transports: the report with everything in it, rendered by the real outputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import zeeksmtp.outputs
from tests.outputs import _reports
from zeeksmtp import registry
from zeeksmtp.config import Settings
from zeeksmtp.delivery import Envelope
from zeeksmtp.model import Report, View

SECRET = "Tr0ub4dor&3-geheim"


@cache
def _rendered(report_json: str, format_: str, view: View) -> str:
    report = Report.model_validate_json(report_json)
    text: str = registry.unit(zeeksmtp.outputs, format_, "OUTPUT").render(report, view)
    return text


def envelope(
    subject: str = "zeeksmtp: 2 new incidents (1 critical, 1 high)",
    id_: str = "pass-1",
    report: Report | None = None,
    render: Callable[[str], str] | None = None,
) -> Envelope:
    """Return an envelope; by default with the report that has everything in it. `render` stands for the outputs."""
    content = report or _reports.full()

    def rendered(format_: str, view: View) -> str:
        return render(format_) if render else _rendered(content.model_dump_json(by_alias=True), format_, view)

    return Envelope(id_, subject, lambda: content, rendered)


def settings(**given: Any) -> Settings:
    """Return settings as a config file would give them."""
    return Settings.model_validate(given)


def mail(port: int, **changes: Any) -> Settings:
    """Return settings that mail to a server on this machine."""
    plain = {"host": "localhost", "port": port, "from": "zeeksmtp@corp.example", "to": ("soc@corp.example",)}
    return settings(mail={**plain, "tls": "none", "timeout_seconds": 5} | changes)
