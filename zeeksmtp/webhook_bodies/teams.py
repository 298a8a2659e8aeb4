"""Microsoft Teams: a workflow's webhook takes an Adaptive Card. `TextRun` is the element that knows no Markdown."""

from __future__ import annotations

from zeeksmtp.envelope import Envelope
from zeeksmtp.webhook_bodies._body import WebhookBody, ascii_json
from zeeksmtp.webhook_bodies._digest import digest_of


def _render(envelope: Envelope) -> str:
    digest = digest_of(envelope)
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [_text(digest.title, weight="Bolder"), *(_text(line) for line in digest.lines)],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return ascii_json({"type": "message", "attachments": [attachment]})


def _text(text: str, **look: str) -> dict[str, object]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}


BODY = WebhookBody("teams", "an Adaptive Card with a line for each incident, for a Teams workflow", _render)
