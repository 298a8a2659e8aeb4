"""The whole report as JSON, `zeeksmtp.report.v2`, for a receiver of one's own."""

from zeeksmtp.model import View
from zeeksmtp.webhook_bodies._body import WebhookBody

BODY = WebhookBody("report", "the whole report as JSON", lambda envelope: envelope.render("json", View()))
