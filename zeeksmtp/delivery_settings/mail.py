"""`[mail]`: the mail server, sender and recipients."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from zeeksmtp.delivery_settings.section import HOST, Host, Section, split
from zeeksmtp.settings_sources import LISTED

PORTS = {"starttls": 587, "implicit": 465, "none": 25}
"""Submission (RFC 6409), submissions (RFC 8314), and the relay that takes mail from its own network."""

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"


def _mailbox(address: str) -> str:
    if len(address) > 254 or not re.fullmatch(f"{_LOCAL}@{HOST}", address):
        raise PydanticCustomError("mailbox", "no plain mail address; write name@domain.example, in ASCII")
    return address


Mailbox = Annotated[str, AfterValidator(_mailbox)]


class Mail(Section):
    """`[mail]`: each report goes as text and as a page to everyone in `to`."""

    host: Host = Field(description="name of the mail server, as its certificate has it, or its address")
    port: int | None = Field(None, ge=1, le=65535, description="TCP port; default 587, 465 or 25, as `tls` says")
    tls: Literal["starttls", "implicit", "none"] = Field(
        "starttls",
        description="how the connection is encrypted; `none` sends the report in clear, and takes no password",
    )
    ca_file: Path | None = Field(None, description="PEM file of the CA to trust instead of the system's")
    sender: Mailbox = Field(alias="from", description="address that the mail comes from")
    to: Annotated[tuple[Mailbox, ...], LISTED, BeforeValidator(split)] = Field(
        min_length=1, max_length=50, description="addresses that it goes to"
    )
    username: str | None = Field(
        None, pattern="^[!-~]([ -~]*[!-~])?$", description="user to log in as; no login without it"
    )
    password_file: Path | None = Field(
        None, description="file whose first line is the password; only its owner may have access (chmod 600)"
    )
    password: SecretStr | None = Field(
        None, min_length=1, description="only from the environment, as `ZEEKSMTP_MAIL__PASSWORD`"
    )
    timeout_seconds: int = Field(30, ge=1, le=600, description="seconds to wait for each answer of the server")

    @property
    def server(self) -> tuple[str, int]:
        """Return host and port."""
        return self.host, self.port or PORTS[self.tls]

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        given = self.password is not None or self.password_file is not None
        if given and self.username is None:
            raise PydanticCustomError("login", "a password needs a `username`")
        if self.username is not None and not given:
            raise PydanticCustomError("login", "`username` needs `password_file` or ZEEKSMTP_MAIL__PASSWORD")
        if self.username is not None and self.tls == "none":
            raise PydanticCustomError("login", 'no password is sent without TLS; take `tls = "starttls"`')
        return self
