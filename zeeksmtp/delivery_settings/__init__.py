"""Settings of delivery, a file for each section. What is odd is refused before the work."""

from zeeksmtp.delivery_settings.command import ReportCommand
from zeeksmtp.delivery_settings.files import FORM_OF, FilePatterns, MetricsFile
from zeeksmtp.delivery_settings.mail import PORTS, Mail
from zeeksmtp.delivery_settings.section import split
from zeeksmtp.delivery_settings.syslog import Syslog
from zeeksmtp.delivery_settings.webhook import WEBHOOK_SECRETS, Webhook

__all__ = [
    "FORM_OF",
    "PORTS",
    "WEBHOOK_SECRETS",
    "FilePatterns",
    "Mail",
    "MetricsFile",
    "ReportCommand",
    "Syslog",
    "Webhook",
    "split",
]
