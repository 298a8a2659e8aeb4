"""Parcels and settings to try carriers with: the report that has everything in it, rendered by the real outputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from tests.outputs import _reports
from zeeksmtp.config import Settings
from zeeksmtp.delivery import Parcel
from zeeksmtp.model import Report

SECRET = "Tr0ub4dor&3-geheim"


def parcel(
    subject: str = "2 new findings, worst critical",
    id_: str = "pass-1",
    report: Report | None = None,
    render: Callable[[str], str] | None = None,
) -> Parcel:
    """Give a parcel; by default with the report that has everything in it."""
    told = report or _reports.full()

    @cache
    def rendered(form: str) -> str:
        text: str = import_module(f"zeeksmtp.outputs.{form}").OUTPUT.render(told, None)
        return text

    return Parcel(id_, subject, lambda: told, render or rendered)


def settings(**given: Any) -> Settings:
    """Give settings as a config file would."""
    return Settings.model_validate(given)


def mail(port: int, **changes: Any) -> Settings:
    """Give settings that mail to a server on this machine."""
    plain = {"host": "localhost", "port": port, "from": "zeeksmtp@corp.example", "to": ("soc@corp.example",)}
    return settings(mail={**plain, "tls": "none", "timeout_seconds": 5} | changes)
