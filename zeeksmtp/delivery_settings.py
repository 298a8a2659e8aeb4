"""Settings of delivery: the mail server, files by pattern, a command. What is odd is refused before the work."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from zeeksmtp import registry
from zeeksmtp.settings_sources import LISTED, nearest

FORM_OF = {
    ".html": "html",
    ".md": "markdown",
    ".json": "json",
    ".csv": "csv",
    ".ndjson": "ecs",
    ".log": "zeek",
    ".txt": "terminal",
}
"""What a file's name ends with, and the output format that it asks for."""

PORTS = {"starttls": 587, "implicit": 465, "none": 25}
"""Submission (RFC 6409), submissions (RFC 8314), and the relay that takes mail from its own network."""

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"


def split(value: object) -> object:
    """Allow `a,b` where the environment can only give one string."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _mailbox(address: str) -> str:
    if len(address) > 254 or not re.fullmatch(f"{_LOCAL}@{_HOST}", address):
        raise PydanticCustomError("mailbox", "no plain mail address; write name@domain.example, in ASCII")
    return address


def _host(name: str) -> str:
    if len(name) > 253 or not re.fullmatch(f"{_HOST}|[0-9A-Fa-f:.]+", name):
        raise PydanticCustomError("host", "neither a host name nor an address; leave brackets and the port out")
    return name


def _pattern(pattern: str) -> str:
    """Refuse what is no pattern of a path; only the date can stand in it, so nothing logged ever does."""
    try:
        fields = [(name, conversion) for _, name, _, conversion in Formatter().parse(pattern) if name is not None]
        named = Path(pattern.format(date=datetime.now(UTC))) if set(fields) <= {("date", None)} else None
    except (ValueError, KeyError, IndexError):
        named = None
    if named is None or "\0" in pattern:
        raise PydanticCustomError("pattern", "`{date:%Y-%m-%d}`, in any such form, is all that braces can hold")
    if named.suffix not in FORM_OF:
        raise PydanticCustomError("suffix", "must end with one of {known}", {"known": " ".join(FORM_OF)})
    return pattern


def _form(name: str) -> str:
    known = registry.names("zeeksmtp.outputs")
    if name not in known:
        raise PydanticCustomError("form", "no such format{hint}", {"hint": nearest(name, known)})
    return name


Mailbox = Annotated[str, AfterValidator(_mailbox)]
Host = Annotated[str, AfterValidator(_host)]
FilePattern = Annotated[str, AfterValidator(_pattern)]
FilePatterns = Annotated[tuple[FilePattern, ...], LISTED, BeforeValidator(split)]
Form = Annotated[str, AfterValidator(_form)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Mail(_Section):
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


class ReportCommand(_Section):
    """`[report_command]`: a program that gets each report on its standard input."""

    run: tuple[str, ...] = Field(min_length=1, description="program and its arguments, as a list; no shell is involved")
    format: Form = Field("json", description="form of the report, as for `--format`")
    timeout_seconds: int = Field(60, ge=1, le=3600, description="seconds after which it is ended")

    @model_validator(mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("run"), str):
            raise PydanticCustomError("command", '`run` is a list: ["/usr/local/bin/ticket", "--new"]')
        return value
