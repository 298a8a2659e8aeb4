"""A report on its way out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zeeksmtp.model import Report, View


@dataclass(frozen=True, slots=True)
class Envelope:
    """A report to deliver. A second attempt has the same id, subject and texts as the first.

    `report` returns the report itself, `render` its text in the format of that name; both raise `DeliveryError` where
    they fail. Transports escape `subject`, whatever it holds. A `test` must not take the place of a report.
    """

    id: str
    subject: str
    report: Callable[[], Report]
    render: Callable[[str, View], str]
    test: bool = False
