"""The parcel, and how it gets to a carrier: carriers are units, found by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zeeksmtp import registry
from zeeksmtp.config import Settings
from zeeksmtp.model import Report


@dataclass(frozen=True, slots=True)
class Parcel:
    """A finished report on its way. A second attempt has the same id, subject and texts as the first.

    `report` gives the report itself, `render(name)` its form of that name (`html`, `json`, …); both raise
    `DeliveryError` where they fail. `subject` may hold logged text, so a carrier escapes it.
    """

    id: str
    subject: str
    report: Callable[[], Report]
    render: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Carrier:
    """A way out of the house: whether the settings switch it on, and what takes a parcel there.

    `carry` raises `DeliveryError` where the parcel may not have arrived, and may be called again with the same
    parcel.
    """

    name: str
    configured: Callable[[Settings], bool]
    carry: Callable[[Parcel, Settings], None]


def _carriers() -> Mapping[str, Carrier]:
    return registry.discover("zeeksmtp.delivery", "CARRIER")


def configured(settings: Settings) -> tuple[str, ...]:
    """Name the carriers that the settings switch on, sorted."""
    return tuple(name for name, carrier in _carriers().items() if carrier.configured(settings))


def carry(name: str, parcel: Parcel, settings: Settings) -> None:
    """Hand a parcel to the carrier of that name; `DeliveryError` says why it may not have arrived."""
    _carriers()[name].carry(parcel, settings)
