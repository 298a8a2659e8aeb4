"""Matrix: an event of the client-server API. The transaction is the report's id: a second attempt is the same event."""

from __future__ import annotations

from urllib.parse import quote

from zeeksmtp.envelope import Envelope
from zeeksmtp.webhook_bodies._body import WebhookBody, ascii_json
from zeeksmtp.webhook_bodies._digest import digest_of


def _render(envelope: Envelope) -> str:
    digest = digest_of(envelope)
    # Without `formatted_body` the text is shown as it is.
    return ascii_json({"msgtype": "m.text", "body": "\n".join((digest.title, *digest.lines)), "m.mentions": {}})


BODY = WebhookBody(
    "matrix",
    "a message with a line for each incident; the URL ends with `/send/m.room.message`",
    _render,
    method="PUT",
    address=lambda url, id_: f"{url.rstrip('/')}/{quote(id_, safe='')}",
)
