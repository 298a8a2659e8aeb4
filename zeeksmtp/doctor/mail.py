"""The mail server of the reports: does it answer, is its certificate good, does it take the login?"""

from __future__ import annotations

from collections.abc import Iterator

from zeeksmtp.config import Settings
from zeeksmtp.delivery.mail import try_out
from zeeksmtp.doctor import Check
from zeeksmtp.errors import DeliveryError

_ABOUT = "mail"


def answering(settings: Settings) -> Iterator[Check]:
    """Talk to the server up to the point where a mail would begin, if one is configured; nothing is sent."""
    if settings.mail is None:
        return
    host, port = settings.mail.server
    try:
        try_out(settings.mail)
    except DeliveryError as error:
        what, _, remedy = str(error).rpartition("; ")
        yield Check("fail", _ABOUT, what, remedy)
        return
    login = " and takes the login" if settings.mail.username else ""
    yield Check("ok", _ABOUT, f"{host} port {port} answers (tls: {settings.mail.tls}){login}")
