"""The spec of a body: what it holds, where it goes, and what makes a reply a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from zeeksmtp.envelope import Envelope


def _same(url: str, _id: str) -> str:
    return url


def _accepted(_text: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class WebhookBody:
    """A form of webhook.

    `address` returns where the report of an id goes, from the URL of the settings. `refusal` returns what the text of
    a reply with status 2xx says against the report, if it does.
    """

    name: str
    doc: str
    render: Callable[[Envelope], str]
    content_type: str = "application/json"
    method: str = "POST"
    address: Callable[[str, str], str] = _same
    refusal: Callable[[str], str | None] = _accepted


def ascii_json(value: object) -> str:
    """Return JSON in pure ASCII: nothing that was logged reaches a parser of characters."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False)
