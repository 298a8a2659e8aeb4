"""The outbox is emptied: every report through every transport; what did not arrive stays for the next pass."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache

from pydantic import ValidationError

import zeeksmtp.outputs
from zeeksmtp import registry
from zeeksmtp.config import Settings
from zeeksmtp.delivery import Envelope, configured, send
from zeeksmtp.errors import DeliveryError
from zeeksmtp.model import Report, View
from zeeksmtp.state import outbox
from zeeksmtp.state.store import Store

_logger = logging.getLogger(__name__)

Show = Callable[[Report], None]
STDOUT = "stdout"
"""The transport where no other is configured: cron mails what it finds on stdout."""


class _RenderError(DeliveryError):
    """An output failed on one report; others can still go the same way."""

    def __init__(self, output: str, row: outbox.WaitingReport, error: Exception) -> None:
        # The kind of error alone: its text may quote what was logged.
        kind = type(error).__name__
        super().__init__(f"the output {output} failed on report {row.envelope} ({kind}); report it as a bug")


def transports(settings: Settings) -> tuple[str, ...]:
    """Return the names of the transports for a report."""
    return configured(settings) or (STDOUT,)


def deliver(store: Store, settings: Settings, show: Show, ready: Mapping[str, Report]) -> list[str]:
    """Deliver what waits, oldest first; return what went wrong, one line each.

    `ready` are reports that need not be read from the outbox, by envelope. A transport that failed is not tried again
    in this pass, unless the failure was that of the report. A delivery is recorded at once, so that only a kill right
    between the two delivers a report twice, under the same id.
    """
    with store.transaction() as connection:
        waiting = outbox.waiting(connection)
    store.checkpoint()  # On a full disk nothing is delivered that could not be recorded as delivered.
    failed: set[str] = set()
    errors: list[str] = []
    for row in waiting:
        left = list(row.transports)
        envelope = _envelope(store, row, ready.get(row.envelope))
        for name in row.transports:
            if name in failed:
                continue
            try:
                _send(name, envelope, row, settings, show)
            except DeliveryError as error:
                errors.append(str(error))
                _logger.error("report %s through %s: %s", row.envelope, name, error, exc_info=error.__cause__)
                if not isinstance(error, _RenderError):
                    failed.add(name)
                with store.transaction() as connection:
                    outbox.record_failure(connection, row, str(error))
            else:
                left.remove(name)
                _logger.info("report %s delivered through %s", row.envelope, name)
                with store.transaction() as connection:
                    outbox.set_remaining(connection, row, left)
    return [f"{error} (the report waits for the next pass)" for error in errors]


def _send(name: str, envelope: Envelope, row: outbox.WaitingReport, settings: Settings, show: Show) -> None:
    """A transport that is no longer configured gets nothing, and nothing waits for it."""
    if name == STDOUT:
        _show(envelope, row, show)
    elif name in configured(settings):
        send(name, envelope, settings)


def _show(envelope: Envelope, row: outbox.WaitingReport, show: Show) -> None:
    report = envelope.report()
    try:
        show(report)
    except OSError:
        raise  # nothing is wrong with the report, and stdout accepts no other either
    except Exception as error:  # one report that an output fails on must not hold up all behind it
        raise _RenderError("to stdout", row, error) from error


def _envelope(store: Store, row: outbox.WaitingReport, ready: Report | None) -> Envelope:
    @cache
    def report() -> Report:
        if ready is not None:
            return ready
        with store.transaction() as connection:
            text = outbox.report(connection, row)
        try:
            return Report.model_validate_json(text)
        except ValidationError as error:  # it may be of another version of the program
            raise _RenderError("json", row, error) from error

    def render(format_: str, view: View) -> str:
        shown = report()
        try:
            text: str = registry.unit(zeeksmtp.outputs, format_, "OUTPUT").render(shown, view)
        except Exception as error:  # one report that an output fails on must not hold up all behind it
            raise _RenderError(format_, row, error) from error
        return text

    return Envelope(row.envelope, row.subject, report, render)
