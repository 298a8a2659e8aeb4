"""What a webhook sends: one file each with a constant `BODY`, called as the setting `body` names it."""

from zeeksmtp.webhook_bodies._body import WebhookBody

__all__ = ["WebhookBody"]
