"""A report to deliver, and the transports that deliver it: these are units, found by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zeeksmtp import registry
from zeeksmtp.config import Settings
from zeeksmtp.model import Report, View


@dataclass(frozen=True, slots=True)
class Envelope:
    """A report to deliver. A second attempt has the same id, subject and texts as the first.

    `report` returns the report itself, `render` its text in the format of that name; both raise `DeliveryError` where
    they fail. Transports escape `subject`, whatever it holds.
    """

    id: str
    subject: str
    report: Callable[[], Report]
    render: Callable[[str, View], str]


@dataclass(frozen=True, slots=True)
class Transport:
    """A way to deliver reports: whether the settings enable it, and the function that sends one.

    `send` raises `DeliveryError` where the report may not have arrived, and may be called again with the same
    envelope.
    """

    name: str
    configured: Callable[[Settings], bool]
    send: Callable[[Envelope, Settings], None]


def _transports() -> Mapping[str, Transport]:
    return registry.discover("zeeksmtp.delivery", "TRANSPORT")


def configured(settings: Settings) -> tuple[str, ...]:
    """Return the names of the transports that the settings enable, sorted."""
    return tuple(name for name, transport in _transports().items() if transport.configured(settings))


def send(name: str, envelope: Envelope, settings: Settings) -> None:
    """Send a report through the transport `name`.

    Raises:
        DeliveryError: It may not have arrived; the text says why.
    """
    _transports()[name].send(envelope, settings)
