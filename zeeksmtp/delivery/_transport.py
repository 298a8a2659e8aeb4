"""The transports that deliver a report: units, found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import zeeksmtp.delivery
from zeeksmtp import registry
from zeeksmtp.config import Settings
from zeeksmtp.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Transport:
    """A way to deliver reports: the destinations that the settings name, and the function that sends to one of them.

    A transport with one destination at most calls it "". `send` raises `DeliveryError` where the report may not have
    arrived, and may be called again with the same envelope.
    """

    name: str
    destinations: Callable[[Settings], Iterable[str]]
    send: Callable[[Envelope, Settings, str], None]


def _transports() -> Mapping[str, Transport]:
    return registry.discover(zeeksmtp.delivery, "TRANSPORT")


def configured(settings: Settings) -> tuple[str, ...]:
    """Return the names of the channels that the settings enable, sorted: `mail`, or `webhook:<name>`."""
    found = ((name, place) for name, unit in _transports().items() for place in unit.destinations(settings))
    return tuple(f"{name}:{place}" if place else name for name, place in found)


def send(channel: str, envelope: Envelope, settings: Settings) -> None:
    """Send a report through a channel that `configured` returned.

    Raises:
        DeliveryError: It may not have arrived; the text says why.
    """
    name, _, destination = channel.partition(":")
    _transports()[name].send(envelope, settings, destination)
