"""`[webhooks.<name>]`: an HTTPS address that gets each report, and what it gets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from zeeksmtp import registry, webhook_bodies
from zeeksmtp.delivery_settings.section import Section
from zeeksmtp.settings_sources import nearest

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
WEBHOOK_SECRETS = {"authorization": "token", "signing_key": "signing key"}
"""Keys that have no place in a config file, and what they hold."""


def checked_url(url: str) -> str:
    """Return `url` if a report may be sent there. The errors do not quote it: it may hold a token."""
    try:
        parts = urlsplit(url) if re.fullmatch("[!-~]{1,2000}", url) else None
        whole = parts is not None and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        whole = False
    if parts is None or not whole or parts.fragment:
        raise PydanticCustomError("url", "no URL; write https://host.example/path, in ASCII")
    if parts.username is not None or parts.password is not None:
        raise PydanticCustomError("url", "a URL is no place for a user or password; use `authorization_file`")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise PydanticCustomError("url", "must start with https:// (http:// only for this machine itself)")
    return url


def _proxy(url: str) -> str:
    if url not in {"environment", "none"} and not re.fullmatch(r"http://[A-Za-z0-9.:\[\]-]+/?", url):
        raise PydanticCustomError("proxy", "must be `environment`, `none` or http://host:port")
    return url


def _body(name: str) -> str:
    known = registry.names(webhook_bodies)
    if name not in known:
        raise PydanticCustomError("body", "no such body{hint}", {"hint": nearest(name, known)})
    return name


class Webhook(Section):
    """`[webhooks.<name>]`: each report is sent there by HTTPS POST."""

    url: Annotated[str, AfterValidator(checked_url)] | None = Field(None, description="address that gets the report")
    url_file: Path | None = Field(
        None, description="file whose first line is the address, where it holds a token (Slack, Discord); chmod 600"
    )
    body: Annotated[str, AfterValidator(_body)] = Field(
        "report", description="what is sent: `report`, or in the form of a chat or SIEM, see below"
    )
    authorization: SecretStr | None = Field(
        None, min_length=1, description="only from the environment, as `ZEEKSMTP_WEBHOOKS__<NAME>__AUTHORIZATION`"
    )
    authorization_file: Path | None = Field(
        None, description="file whose first line is the `Authorization` header, such as `Bearer …`; chmod 600"
    )
    signing_key: SecretStr | None = Field(
        None, min_length=1, description="only from the environment, as `ZEEKSMTP_WEBHOOKS__<NAME>__SIGNING_KEY`"
    )
    signing_key_file: Path | None = Field(
        None, description="file whose first line is the key (base64) that signs each body by HMAC-SHA256; chmod 600"
    )
    ca_file: Path | None = Field(None, description="PEM file of the CA to trust instead of the system's")
    proxy: Annotated[str, AfterValidator(_proxy)] = Field(
        "environment", description="`environment` (`https_proxy`, `no_proxy`), `none`, or http://host:port"
    )
    timeout_seconds: int = Field(30, ge=1, le=600, description="seconds for each attempt as a whole")

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.url is None) == (self.url_file is None):
            raise PydanticCustomError("address", "it needs either `url` or `url_file`")
        return self
