"""The shape of what is known of a host or an account: `zeeksmtp.entity.v1`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from zeeksmtp.model import (
    ClientPosture,
    Count,
    Credential,
    Finding,
    HostName,
    HostRole,
    Incident,
    Moment,
    ServerPosture,
    Shape,
)


class Peer(Shape):
    """Sessions with one other host on one server port. `tls_sessions` is null where no log shows TLS."""

    host: str
    port: int
    first: Moment
    last: Moment
    sessions: int
    tls_sessions: int | None


class PeerTable(Shape):
    """The peers with most sessions; `total` counts all, `sessions` sums them up."""

    total: int = 0
    sessions: int = 0
    rows: tuple[Peer, ...] = ()


class Login(Shape):
    """AUTH exchanges in clear of one account from one client at one server; `accepted` and `refused` count them."""

    account: str
    client: str
    server: str
    port: int
    mechanisms: tuple[str, ...]
    first: Moment
    last: Moment
    accepted: int
    refused: int


class LoginTable(Shape):
    """The logins, newest first; `total` counts all."""

    total: int = 0
    rows: tuple[Login, ...] = ()


class SessionLine(Shape):
    """One connection: enough to choose one for `zeeksmtp session`."""

    uid: str
    start: Moment
    client: str
    server: str
    port: int
    tls: bool | None
    helo: str | None


class SessionTable(Shape):
    """Sessions behind findings first, then the newest; `total` counts all."""

    total: int = 0
    rows: tuple[SessionLine, ...] = ()


class EntityView(Shape):
    """What is known of one host or one account within the window.

    Of a host: `names`, `role`, the peers that it `connects_to` and those that it `accepts_from`, and its posture.
    `senders` and `recipient_domains` are those of its mails; of an account, of mails with it as envelope sender.
    """

    schema_: Literal["zeeksmtp.entity.v1"] = Field("zeeksmtp.entity.v1", alias="schema", serialization_alias="schema")
    kind: Literal["host", "account"]
    name: str
    first: Moment | None = None
    last: Moment | None = None
    names: tuple[HostName, ...] = ()
    role: HostRole | None = None
    local: bool | None = None
    connects_to: PeerTable = PeerTable()
    accepts_from: PeerTable = PeerTable()
    logins: LoginTable = LoginTable()
    mails: int = 0
    senders: tuple[Count, ...] = ()
    recipient_domains: tuple[Count, ...] = ()
    client_posture: ClientPosture | None = None
    server_posture: tuple[ServerPosture, ...] = ()
    credentials_to_change: tuple[Credential, ...] = ()
    incidents: tuple[Incident, ...] = ()
    findings: tuple[Finding, ...] = ()
    sessions: SessionTable = SessionTable()


class NeededSetting(Shape):
    """A setting (of the detector, or `alpha` or `false_discovery_rate`) and the nearest value that would do."""

    setting: str
    value: int | float
    needed: int | float


class DetectorView(Shape):
    """What one detector saw of a host.

    `status`: `fired`; `below-threshold`: one of `settings` alone would make it fire; `below-thresholds`: several at
    once would; `not-met`: no setting would; `no-rows`: its tables do not name the host; `logs-missing`. `rows` counts
    the rows of its tables that name the host. `findings` are those that it made, or would make with the first of
    `settings`; `left_out`: they are in no report (replaced, suppressed, or beyond `max_minor_findings`). `score` is how
    far its sequential test came, `alarm_at` the score of an alarm.
    """

    detector: str
    status: Literal["fired", "below-threshold", "below-thresholds", "not-met", "no-rows", "logs-missing"]
    rows: dict[str, int] = Field(default_factory=dict)
    missing: tuple[str, ...] = ()
    settings: tuple[NeededSetting, ...] = ()
    findings: tuple[Finding, ...] = ()
    left_out: bool = False
    score: float | None = None
    alarm_at: float | None = None


class HostExplanation(Shape):
    """What each detector saw of a host: `zeeksmtp.host-explanation.v1`."""

    schema_: Literal["zeeksmtp.host-explanation.v1"] = Field(
        "zeeksmtp.host-explanation.v1", alias="schema", serialization_alias="schema"
    )
    host: str
    detectors: tuple[DetectorView, ...]
