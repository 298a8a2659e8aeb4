"""The outbox is emptied: every report to every carrier, and what did not arrive stays for the next pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

from pydantic import ValidationError

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


class _RenderError(DeliveryError):
    """An output failed on one report; others can still go the same way."""

    def __init__(self, output: str, row: outbox.Waiting, error: Exception) -> None:
        # The kind of error alone: its text may quote what was logged.
        kind = type(error).__name__
        super().__init__(f"the output {output} failed on report {row.parcel} ({kind}); report it as a bug")


def carriers(settings: Settings) -> tuple[str, ...]:
    """Name what a report has to be handed to."""
    return switched_on(settings) or (STDOUT,)


def deliver(store: Store, settings: Settings, show: Show, ready: Mapping[str, Report]) -> list[str]:
    """Hand out what waits, oldest first; give what went wrong, one line each.

    `ready` are reports that need not be read from the outbox, by parcel.
    A carrier that failed is not tried again in this pass, unless it was for the report. A report is marked as soon as a
    carrier has it, so that only a kill right between the two makes it go twice, under the same id.
    """
    with store.transaction() as connection:
        waiting = outbox.waiting(connection)
    failed: set[str] = set()
    errors: list[str] = []
    for row in waiting:
        left = list(row.carriers)
        parcel = _parcel(store, row, ready.get(row.parcel))
        for name in row.carriers:
            if name in failed:
                continue
            try:
                _hand_over(name, parcel, row, settings, show)
            except DeliveryError as error:
                errors.append(str(error))
                if not isinstance(error, _RenderError):
                    failed.add(name)
                with store.transaction() as connection:
                    outbox.failed(connection, row, str(error))
            else:
                left.remove(name)
                with store.transaction() as connection:
                    outbox.took(connection, row, left)
    return [f"{error} (the report waits for the next pass)" for error in errors]


def _hand_over(name: str, parcel: Parcel, row: outbox.Waiting, settings: Settings, show: Show) -> None:
    """A carrier that is switched off meanwhile takes nothing, and nothing waits for it."""
    if name == STDOUT:
        _show(parcel, row, show)
    elif name in switched_on(settings):
        carry(name, parcel, settings)


def _show(parcel: Parcel, row: outbox.Waiting, show: Show) -> None:
    report = parcel.report()
    try:
        show(report)
    except OSError:
        raise  # nothing is wrong with the report, and stdout takes no other either
    except Exception as error:  # one report that an output fails on must not hold up all behind it
        raise _RenderError("to stdout", row, error) from error


def _parcel(store: Store, row: outbox.Waiting, ready: Report | None) -> Parcel:
    @cache
    def report() -> Report:
        if ready is not None:
            return ready
        with store.transaction() as connection:
            text = outbox.report(connection, row)
        try:
            return Report.model_validate_json(text)
        except ValidationError as error:  # a program of another version may have left it
            raise _RenderError("json", row, error) from error

    def render(form: str) -> str:
        given = report()
        try:
            text: str = import_module(f"zeeksmtp.outputs.{form}").OUTPUT.render(given, None)
        except Exception as error:  # one report that an output fails on must not hold up all behind it
            raise _RenderError(form, row, error) from error
        return text

    return Parcel(row.parcel, row.subject, report, render)
