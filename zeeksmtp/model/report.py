"""The report, `zeeksmtp.report.v2`, and what it is made of. v2 may gain keys, never lose or retype one."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from zeeksmtp.model.finding import Finding, Incident, Moment, Shape


class Run(Shape):
    """What differs between two runs over the same inputs."""

    version: str
    generated: Moment
    seconds: float


class Span(Shape):
    """First and last `ts` of the rows that were kept."""

    first: Moment
    last: Moment


class InputFile(Shape):
    """One file: what it was taken for and where its lines went. `log` is null for a file that was not used.

    `problem` is what makes the run degraded; `note` says why a file was passed by, or what is odd but harmless.
    """

    path: str
    log: str | None
    format: Literal["tsv", "json"] | None
    kept: int = 0
    skipped: int = 0
    rejected: int = 0
    first: Moment | None = None
    last: Moment | None = None
    problem: str | None = None
    note: str | None = None


class Totals(Shape):
    """Sums over all input files; kept + skipped + rejected = lines."""

    files: int
    lines: int
    kept: int
    skipped: int
    rejected: int


class Inputs(Shape):
    """Every file that was looked at, with the totals."""

    files: tuple[InputFile, ...]
    totals: Totals


class Coverage(Shape):
    """Which logs were there, what each detector can do with them, and what cannot be seen without the others.

    `detectors` says by id whether a detector observes, infers, is blind, or failed. `gains` names, by what could be
    loaded or logged besides (`package` is the Zeek package with its three logs), the detectors that would then do
    better.
    `unknown_site` says that no host could be recognised as the site's own, and which networks it probably has.
    """

    logs: dict[str, bool]
    notes: tuple[str, ...]
    detectors: dict[str, Literal["observed", "inferred", "blind", "failed"]] = Field(default_factory=dict)
    gains: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    unknown_site: str | None = None


class Day(Shape):
    """Sessions of one day at the site (`day`: its midnight, as UTC), and how many of them came to TLS."""

    day: Moment
    sessions: int
    tls_sessions: int


class ServerPosture(Shape):
    """What one server port shows of itself. Null: cannot be known from the logs at hand.

    `tls_versions` counts sessions by version, `ciphers` handshakes by cipher suite, `weak_tls` those on a version below
    1.2 or a weak suite (ssl.log). The certificate is the one shown last (x509.log; TLS 1.3 encrypts it).
    `days` are the last 35 with sessions, of the site's own.
    """

    server: str
    port: int
    sessions: int
    tls_sessions: int | None
    starttls_offered: bool | None
    auth_offered_in_clear: bool | None
    answers_vrfy: bool | None
    answers_expn: bool | None
    tls_versions: dict[str, int] = Field(default_factory=dict)
    ciphers: dict[str, int] = Field(default_factory=dict)
    weak_tls: int | None = None
    certificate_expires: Moment | None = None
    certificate_names: tuple[str, ...] = ()
    days: tuple[Day, ...] = ()


class ClientPosture(Shape):
    """How one of the site's own clients speaks SMTP.

    `starttls_unused` counts sessions that went on in clear although the server offered STARTTLS, `cleartext_mails`
    the mails that crossed the boundary of the site in clear, `cleartext_logins` the logins without TLS.
    """

    client: str
    servers: int
    sessions: int
    tls_sessions: int | None
    starttls_unused: int
    cleartext_mails: int
    cleartext_logins: int


class PairPosture(Shape):
    """How one client and one server port speak SMTP with each other; the counts are those of `ClientPosture`."""

    client: str
    server: str
    port: int
    direction: str
    first: Moment
    last: Moment
    sessions: int
    tls_sessions: int | None
    starttls_unused: int
    cleartext_mails: int
    cleartext_logins: int


class ClientTable(Shape):
    """The clients with most sessions in clear; `total` counts all, which `zeeksmtp export` writes."""

    total: int = 0
    rows: tuple[ClientPosture, ...] = ()


class PairTable(Shape):
    """The pairs with most sessions in clear; `total` counts all, which `zeeksmtp export` writes."""

    total: int = 0
    rows: tuple[PairPosture, ...] = ()


class LegacyAuth(Shape):
    """How a host of the site hands mail to a provider that ends this method, or lets organisations end it.

    `accounts` are envelope senders where no login was visible; `replies` are status codes that refuse the method.
    `ends` is the provider's day for it; null: none was published, or the organisation decides.
    """

    client: str
    provider: str
    port: int
    method: Literal["SMTP AUTH", "direct send"]
    sessions: int
    tls_sessions: int
    tls_versions: tuple[str, ...]
    accounts: tuple[str, ...]
    replies: tuple[str, ...]
    last: Moment
    ends: date | None


class LegacyAuthTable(Shape):
    """What was refused first, then what has an end; `total` counts all, which `zeeksmtp export` writes."""

    total: int = 0
    rows: tuple[LegacyAuth, ...] = ()


class Posture(Shape):
    """How much of the mail traffic is encrypted: in all, by server, by local client, by pair; and legacy logins."""

    servers: tuple[ServerPosture, ...]
    clients: ClientTable = ClientTable()
    pairs: PairTable = PairTable()
    legacy_auth: LegacyAuthTable = LegacyAuthTable()
    sessions: int
    tls_sessions: int | None


class HostName(Shape):
    """A name of a host and where it comes from.

    `asset`: the site's own list, which may name `owner`, `contact` and `role`; `banner`: a server's greeting; `dns`: a
    look-up that was answered with the address; `sni`: what TLS clients call the server; `helo`: what the host says when
    it is a client; `mmdb`: network and country in a database of the operator.
    """

    name: str
    source: Literal["asset", "banner", "dns", "sni", "helo", "mmdb"]
    owner: str | None = None
    contact: str | None = None
    role: str | None = None


class HostRole(Shape):
    """What a host is taken for, and why."""

    host: str
    role: str
    reason: str


class Credential(Shape):
    """A credential that must be changed; `why` is a finding's id.

    `probable`: the logs at hand do not show the login, only what makes it likely; `account` is then the sender of the
    mail.
    """

    account: str
    server: str
    last: Moment
    why: str
    probable: bool = False


class Volume(Shape):
    """What a client sent in one hour; `expected` and `upper` are about `value`, and null without a baseline."""

    client: str
    hour: Moment
    messages: int
    recipients: int
    value: int | None = None
    expected: float | None = None
    upper: float | None = None


class Count(Shape):
    """How often something was seen."""

    name: str
    count: int


class Traffic(Shape):
    """The mail of the window in sums, as a mail server's daily summary has it; each list at most 20, busiest first.

    Messages and recipients are those that were visible. `hours` are messages by hour of the site's clock, all 24 of
    them. `refusals` are replies of 4xx and 5xx to MAIL, RCPT, DATA and BDAT, by code and enhanced status.
    """

    senders: tuple[Count, ...] = ()
    clients: tuple[Count, ...] = ()
    recipient_domains: tuple[Count, ...] = ()
    refusals: tuple[Count, ...] = ()
    hours: tuple[Count, ...] = ()


class UsedSettings(Shape):
    """The settings that decide, and what they cost: `trials` * `alpha` bounds the expected false alarms."""

    alpha: float
    false_discovery_rate: float
    trials: int
    suppressed: int


class Explanation(Shape):
    """What a detector is about: its first line, what it sees, why that matters, what else it may be, what to do.

    `stage` is the step of an attack that its findings show; null for a detector of no attack.
    """

    about: str
    sees: str
    matters: str
    benign: str
    todo: str
    stage: str | None = None


class Change(Shape):
    """A host of the site whose sessions of the last seven days differ from those of the seven days before.

    `kind`: `new` had none before, `gone` has none now, `grown` has at least twice as many. A `client` opens the
    sessions, a `server` accepts them on `port`.
    """

    kind: Literal["new", "gone", "grown"]
    side: Literal["client", "server"]
    host: str
    port: int | None
    before: int
    now: int


class ChangeTable(Shape):
    """What changed from week to week, the largest changes first; `total` counts all.

    `since` is the start of the last seven days. It is null, and there are no rows, where the logs do not reach back two
    weeks.
    """

    since: Moment | None = None
    total: int = 0
    rows: tuple[Change, ...] = ()


class Problem(Shape):
    """Something that made the run degraded: the file or unit, and what happened."""

    where: str
    what: str


class Report(Shape):
    """The frozen result of a run: `zeeksmtp.report.v2`. `hosts` names the hosts that findings are about."""

    schema_: Literal["zeeksmtp.report.v2"] = Field("zeeksmtp.report.v2", alias="schema", serialization_alias="schema")
    run: Run
    window: Span | None
    inputs: Inputs
    coverage: Coverage
    posture: Posture
    roles: tuple[HostRole, ...]
    credentials_to_change: tuple[Credential, ...]
    volumes: tuple[Volume, ...]
    traffic: Traffic = Traffic()
    settings: UsedSettings
    findings: tuple[Finding, ...]
    incidents: tuple[Incident, ...]
    hosts: dict[str, tuple[HostName, ...]] = Field(default_factory=dict)
    changes: ChangeTable = ChangeTable()
    detectors: dict[str, Explanation] = Field(default_factory=dict)
    errors: tuple[Problem, ...]
