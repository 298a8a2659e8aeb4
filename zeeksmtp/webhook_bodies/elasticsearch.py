"""Elasticsearch and OpenSearch, `_bulk`: a document for each finding and incident, by its id, in the form `ecs`."""

from __future__ import annotations

import json

from zeeksmtp.envelope import Envelope
from zeeksmtp.model import View
from zeeksmtp.webhook_bodies._body import WebhookBody, ascii_json

_FILTER = "filter_path=errors,items.*.error.reason"
"""Of the reply only what failed: whole, it is as long as what was sent."""


def _render(envelope: Envelope) -> str:
    lines = envelope.render("ecs", View()).splitlines(keepends=True)
    return "".join(f"{_action(line)}\n{line}" for line in lines)


def _action(line: str) -> str:
    """`index`, not `create`: a later report replaces what an earlier one said of the same thing."""
    return ascii_json({"index": {"_id": json.loads(line)["event"]["id"]}})


def _address(url: str, _id: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{_FILTER}"


def _refusal(text: str) -> str | None:
    """Bulk answers 200 even where every document failed."""
    try:
        reply = json.loads(text)
    except ValueError:
        return "no answer of _bulk"
    if not isinstance(reply, dict) or "errors" not in reply:
        return "no answer of _bulk"
    return text if reply["errors"] else None


BODY = WebhookBody(
    "elasticsearch",
    "an ECS document for each incident and finding; the URL ends with `/<index>/_bulk`",
    _render,
    content_type="application/x-ndjson",
    address=_address,
    refusal=_refusal,
)
