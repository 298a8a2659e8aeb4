"""Slack (and Mattermost): an incoming webhook. All that was logged is `plain_text`, in which nothing is markup."""

from __future__ import annotations

from zeeksmtp.envelope import Envelope
from zeeksmtp.webhook_bodies._body import WebhookBody, ascii_json
from zeeksmtp.webhook_bodies._digest import digest_of


def _render(envelope: Envelope) -> str:
    digest = digest_of(envelope)
    # What a notification shows is markup: these three characters alone have to be escaped there.
    notice = digest.title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    blocks = [{"type": "header", "text": _plain(digest.title)}]
    blocks += [{"type": "section", "text": _plain(line)} for line in digest.lines]
    return ascii_json({"text": notice, "blocks": blocks})


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text, "emoji": False}


BODY = WebhookBody("slack", "a message with a line for each incident, for Slack's incoming webhooks", _render)
