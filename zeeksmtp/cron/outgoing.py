"""The outbox is emptied: every report to every carrier, and what did not arrive stays for the next pass."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from zeeksmtp.config import Settings
from zeeksmtp.delivery import Parcel, carry
from zeeksmtp.delivery import configured as switched_on
from zeeksmtp.errors import DeliveryError
from zeeksmtp.model import Report
from zeeksmtp.state import outbox
from zeeksmtp.state.store import Store

Show = Callable[[Report], None]
STDOUT = "stdout"
"""Carries where no other is configured: what cron finds on stdout it mails."""


def carriers(settings: Settings) -> tuple[str, ...]:
    """Name what a report has to be handed to."""
    return switched_on(settings) or (STDOUT,)


def deliver(store: Store, settings: Settings, show: Show) -> list[str]:
    """Hand out what waits, oldest first; give what went wrong, one line each.

    A carrier that failed is not tried again in this pass. A report is marked as soon as a carrier has it, so that only
    a kill right between the two makes it go twice, under the same id.
    """
    with store.transaction() as connection:
        waiting = outbox.waiting(connection)
    failed: dict[str, str] = {}
    for row in waiting:
        left = list(row.carriers)
        parcel = _parcel(row)
        for name in row.carriers:
            if name in failed:
                continue
            try:
                _hand_over(name, parcel, row, settings, show)
            except DeliveryError as error:
                failed[name] = str(error)
                with store.transaction() as connection:
                    outbox.failed(connection, row, str(error))
            else:
                left.remove(name)
                with store.transaction() as connection:
                    outbox.took(connection, row, left)
    return [f"{error} (the report waits for the next pass)" for error in failed.values()]


def _hand_over(name: str, parcel: Parcel, row: outbox.Waiting, settings: Settings, show: Show) -> None:
    """A carrier that is switched off meanwhile takes nothing, and nothing waits for it."""
    if name == STDOUT:
        show(_report(row))
    elif name in switched_on(settings):
        carry(name, parcel, settings)


def _parcel(row: outbox.Waiting) -> Parcel:
    def render(form: str) -> str:
        text: str = import_module(f"zeeksmtp.outputs.{form}").OUTPUT.render(_report(row), None)
        return text

    return Parcel(row.parcel, row.subject, render)


def _report(row: outbox.Waiting) -> Report:
    return Report.model_validate_json(row.report)
