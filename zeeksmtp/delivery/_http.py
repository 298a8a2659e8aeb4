"""One HTTP request by the standard library: no redirect is followed, TLS is verified, and all of it ends in time."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from zeeksmtp.delivery._deadline import within

MAX_REPLY_BYTES = 1 << 16
NO_REPLY_ERRORS = (OSError, HTTPException, ValueError)
"""What `exchange` raises where there is no reply: `URLError` is an `OSError`, a bad header makes a `ValueError`."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is sent, where, and within how many seconds. `proxy` is `environment`, `none`, or a URL."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    context: ssl.SSLContext
    proxy: str = "environment"


@dataclass(frozen=True, slots=True)
class HttpReply:
    """Status, headers, and at most `MAX_REPLY_BYTES` of the text."""

    status: int
    headers: Message
    text: str


def exchange(request: HttpRequest) -> HttpReply:
    """Send a request and return the reply, whatever its status. Raises one of `NO_REPLY_ERRORS`."""
    proxies = None if request.proxy == "environment" else {} if request.proxy == "none" else {"https": request.proxy}
    # Handlers by hand: `build_opener` would add one that follows redirects, to wherever they lead.
    opener = OpenerDirector()
    for handler in (ProxyHandler(proxies), HTTPHandler(), HTTPSHandler(context=request.context)):
        opener.add_handler(handler)
    return within(request.seconds, lambda: _talk(opener, request), NO_REPLY_ERRORS)


def _talk(opener: OpenerDirector, request: HttpRequest) -> HttpReply:
    headers = dict(request.headers)
    # The settings allow https, and http to this machine.
    sent = Request(request.url, request.body, headers, method=request.method)  # noqa: S310
    with opener.open(sent, timeout=request.seconds) as reply:
        text = reply.read(MAX_REPLY_BYTES).decode("utf-8", "backslashreplace")
        return HttpReply(reply.status, reply.headers, text)
