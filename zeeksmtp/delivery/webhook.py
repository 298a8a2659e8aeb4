"""By HTTPS: each report to each address in `[webhooks]`, signed if there is a key, as a body that the receiver knows.

A reply of 2xx means that the report has arrived. Where nobody answers, and after 408, 429 and 5xx, it is tried again
within the pass; what failed waits in the outbox as any report does. Each attempt has the same `webhook-id`.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic_core import PydanticCustomError

from zeeksmtp import __version__, registry, webhook_bodies
from zeeksmtp.config import Settings
from zeeksmtp.delivery import _signature
from zeeksmtp.delivery._http import NO_REPLY_ERRORS, HttpReply, HttpRequest, exchange
from zeeksmtp.delivery._secret import read_secret
from zeeksmtp.delivery._transport import Transport
from zeeksmtp.delivery._trust import tls_context
from zeeksmtp.delivery_settings.webhook import Webhook, checked_url
from zeeksmtp.envelope import Envelope
from zeeksmtp.errors import DeliveryError
from zeeksmtp.escaping import cut, plain
from zeeksmtp.webhook_bodies import WebhookBody

RETRY_SECONDS = (1.0, 4.0)
"""Waits before the second and the third attempt of a pass."""
MAX_WAIT_SECONDS = 30.0
"""Of what a receiver asks for by `Retry-After`; for longer the report waits in the outbox."""
MAX_REPLY_CHARACTERS = 200
MIN_TOKEN_CHARACTERS = 16
"""A path as long as that may hold a token."""
_NOT_REPEATED = (ssl.SSLCertVerificationError, TimeoutError)
"""A bad certificate stays one; whoever fell silent may have taken the report."""
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


def _destinations(settings: Settings) -> list[str]:
    return sorted(settings.webhooks)


def _send(envelope: Envelope, settings: Settings, destination: str) -> None:
    hook = settings.webhooks[destination]
    _Delivery(destination, hook, envelope).send()


class _Delivery:
    """One report to one address, with all its attempts."""

    def __init__(self, name: str, hook: Webhook, envelope: Envelope) -> None:
        self.hook, self.id = hook, envelope.id
        self.place = f"webhook {name}"
        unit: WebhookBody = registry.unit(webhook_bodies, hook.body, "BODY")
        self.unit, self.body = unit, unit.render(envelope).encode("utf-8", "backslashreplace")
        self.url = hook.url or self._url_of_file()
        self.place += f" ({urlsplit(self.url).hostname})"
        self.authorization = _optional("authorization", hook)
        self.key = _optional("signing_key", hook)
        self.context = tls_context(hook.ca_file)

    def _url_of_file(self) -> str:
        try:
            return checked_url(read_secret("url", None, self.hook.url_file))
        except PydanticCustomError as error:
            raise DeliveryError(f"{self.place}: url_file {self.hook.url_file}: {error.message()}") from error

    def send(self) -> None:
        """Send the report; `DeliveryError` where the last attempt failed, or one for good."""
        for wait in RETRY_SECONDS:
            failure, pause = self._attempt()
            if failure is None:
                return
            if pause is None or pause > MAX_WAIT_SECONDS:
                raise failure
            time.sleep(max(wait, pause))
        failure, _ = self._attempt()
        if failure is not None:
            raise failure

    def _attempt(self) -> tuple[DeliveryError | None, float | None]:
        """Return what went wrong, if anything did, and the seconds to wait at least; null where that is of no use."""
        try:
            reply = exchange(self._request())
        except NO_REPLY_ERRORS as error:
            return self._unanswered(error), None if isinstance(_cause(error), _NOT_REPEATED) else 0
        refusal = self.unit.refusal(reply.text) if reply.status // 100 == 2 else reply.text
        if refusal is None:
            return None, None
        return self._refused(reply, refusal), _retry_after(reply) if reply.status in _PASSING else None

    def _request(self) -> HttpRequest:
        signed = _signature.headers(self.id, int(time.time()), self.body, self.key)
        headers: Mapping[str, str] = {
            "Content-Type": self.unit.content_type,
            "User-Agent": f"zeeksmtp/{__version__}",
            **({"Authorization": self.authorization} if self.authorization else {}),
            **signed,
        }
        address = self.unit.address(self.url, self.id)
        hook = self.hook
        return HttpRequest(
            self.unit.method, address, headers, self.body, hook.timeout_seconds, self.context, hook.proxy
        )

    def _unanswered(self, error: Exception) -> DeliveryError:
        reason = _cause(error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            what, remedy = f"certificate refused: {reason.verify_message}", "name its CA in `ca_file`"
        elif isinstance(reason, TimeoutError):
            what, remedy = f"no answer within {self.hook.timeout_seconds} s", "it goes again with the next pass"
        else:
            what, remedy = self._shown(str(reason) or type(reason).__name__), "check the address and the network"
        return DeliveryError(f"{self.place}: {what}; {remedy}")

    def _refused(self, reply: HttpReply, text: str) -> DeliveryError:
        remedy = "it goes again with the next pass" if reply.status in _PASSING else "ask who runs the receiver"
        if reply.status // 100 == 3:
            # The host alone: a path may be our own again, with its token.
            text = f"redirects to {_host_of(reply.headers.get('Location', ''))}"
            remedy = "no redirect is followed; name that address in `url`"
        said = self._shown(text)
        return DeliveryError(f"{self.place}: {reply.status}{f' {said}' if said else ''}; {remedy}")

    def _shown(self, text: str) -> str:
        """Show what a receiver said on one line, unless it repeats what only it may know."""
        path = urlsplit(self.url).path
        secrets = (self.authorization, self.key, path if len(path) >= MIN_TOKEN_CHARACTERS else None)
        if any(secret and secret in text for secret in secrets):
            return ""
        return cut(plain(" ".join(text.split())), MAX_REPLY_CHARACTERS)


def _optional(key: str, hook: Webhook) -> str | None:
    given, file = getattr(hook, key), getattr(hook, f"{key}_file")
    return None if given is None and file is None else read_secret(key, given, file)


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or "another path"
    except ValueError:
        return "no address"


def _cause(error: Exception) -> Exception | str:
    """Return what urllib wraps into an error of its own."""
    cause: Exception | str = getattr(error, "reason", error)
    return cause


def _retry_after(reply: HttpReply) -> float:
    """Return `Retry-After` in seconds; a date there counts as nothing."""
    seconds = reply.headers.get("Retry-After", "")
    return float(seconds) if seconds.isascii() and seconds.isdigit() else 0.0


TRANSPORT = Transport("webhook", _destinations, _send)
