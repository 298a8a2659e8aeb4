"""Discord: one message, in a code block, and nobody in it is called by `@`."""

from __future__ import annotations

from zeeksmtp.envelope import Envelope
from zeeksmtp.escaping import cut
from zeeksmtp.webhook_bodies._body import WebhookBody, ascii_json
from zeeksmtp.webhook_bodies._digest import digest_of

MAX_TEXT_CHARACTERS = 1_900
"""Discord takes 2,000, counted in UTF-16; what is beyond the first plane may count twice."""


def _render(envelope: Envelope) -> str:
    digest = digest_of(envelope)
    # A backtick is the one character that could end the block.
    text = "\n".join((digest.title, *digest.lines)).replace("`", "'")
    while len(text.encode("utf-16-le")) // 2 > MAX_TEXT_CHARACTERS:
        text = cut(text, min(len(text), MAX_TEXT_CHARACTERS) * 9 // 10)
    return ascii_json({"content": f"```\n{text}\n```", "allowed_mentions": {"parse": []}})


BODY = WebhookBody("discord", "a message with a line for each incident, for Discord's webhooks", _render)
