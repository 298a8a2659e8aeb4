"""The shape of a transcript: `zeeksmtp.session.v1`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zeeksmtp.model import Moment, Shape


class Step(Shape):
    """Base of what happened in a connection: when, and how many seconds after its start."""

    ts: Moment
    offset: float


class CommandStep(Step):
    """A command and its final reply; without `reply_code` none was seen. A verb that may hold a secret is null."""

    kind: Literal["command"] = "command"
    seq: int | None
    command: str | None
    arg: str | None
    reply_code: int | None
    reply_status: str | None
    reply_msg: str | None
    disclosed: tuple[str, ...]
    latency: float | None
    known: bool | None


class AuthStep(Step):
    """An AUTH exchange in clear. Of the secret: its kind and length."""

    kind: Literal["auth"] = "auth"
    seq: int | None
    mechanism: str | None
    user: str | None
    authzid: str | None
    initial_response: bool | None
    secret_kind: str | None
    outcome: str | None
    reply_code: int | None
    reply_status: str | None
    reply_msg: str | None


class MailStep(Step):
    """A mail as smtp.log has it. Where commands are known it stands after the last one of its transaction."""

    kind: Literal["mail"] = "mail"
    sender: str | None
    recipients: tuple[str, ...]
    last_reply: str | None
    content: bool | None


class TlsStep(Step):
    """A TLS handshake as ssl.log has it."""

    kind: Literal["tls"] = "tls"
    established: bool | None
    version: str | None
    cipher: str | None
    server_name: str | None


class WeirdStep(Step):
    """Something that Zeek stumbled over."""

    kind: Literal["weird"] = "weird"
    name: str | None


AnyStep = Annotated[CommandStep | AuthStep | MailStep | TlsStep | WeirdStep, Field(discriminator="kind")]


class ConnectionSummary(Shape):
    """What conn.log says: bytes of payload, `state` and `history` as Zeek codes them, bytes lost in the capture."""

    start: Moment
    end: Moment | None
    duration: float | None
    service: str | None
    client_bytes: int | None
    server_bytes: int | None
    state: str | None
    history: str | None
    missed_bytes: int | None


class Starttls(Shape):
    """How STARTTLS went in the SMTP dialogue. Null: cannot be known from the logs at hand."""

    offered: bool | None
    requested: bool | None
    reply_code: int | None
    accepted: bool | None


class Session(Shape):
    """One connection."""

    client: str
    client_port: int
    server: str
    port: int
    direction: str
    start: Moment
    transport: ConnectionSummary | None
    greeting: str | None
    helo: str | None
    capabilities: tuple[str, ...] | None
    mechanisms_offered: tuple[str, ...] | None
    starttls: Starttls
    last_reply: str | None
    quit: bool | None
    steps: tuple[AnyStep, ...]
    unseen: tuple[str, ...]


class SessionView(Shape):
    """All connections that a uid stands for, in the order of their starts."""

    schema_: Literal["zeeksmtp.session.v1"] = Field("zeeksmtp.session.v1", alias="schema", serialization_alias="schema")
    uid: str
    sessions: tuple[Session, ...]
