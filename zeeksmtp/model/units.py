"""The specs of the units, and the frame that findings travel in.

A *unit* is one file that defines one constant: `LOG`, `FACT`, `DETECTOR`, `OUTPUT` or `COMMAND`. The specs say what
such a constant holds. Units meet in tables (by name) and in the `Report`, never by import.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from zeeksmtp.model.report import Report

if TYPE_CHECKING:
    import polars as pl

Tables = Mapping[str, "pl.LazyFrame"]
"""Logs of the lake and facts, by name."""
Collect = Callable[["pl.LazyFrame"], "pl.DataFrame"]
"""Runs a plan, as the engine in use does."""

SMTP_PORTS = (25, 26, 465, 587, 2525)
"""Relay, its common alternatives (26, 2525), submission (RFC 6409) and submissions (RFC 8314)."""
RELAY_PORTS = (25, 26)
SUBMISSION_PORTS = (465, 587, 2525)
"""Ports on which clients log in."""
PASSWORD_MECHANISMS = ("PLAIN", "LOGIN")
"""SASL mechanisms that send the password itself (RFC 4616; LOGIN was never standardised)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a log or a fact: its name, its Zeek type (`addr`, `set[string]`, …) and what it means."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True, slots=True)
class Hint:
    """What a raw line must contain to concern SMTP: a cheap superset of `Log.concerns`.

    `values` maps a column to values one of which must stand in it; `text` are substrings. One match is enough; an
    empty hint keeps every line.
    """

    values: Mapping[str, tuple[str, ...]]
    text: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Log:
    """A Zeek log that is read: its path name, the columns kept, and which rows concern SMTP.

    `concerns` gives a boolean expression over the typed columns; `redact` gives columns rewritten before anything is
    written to disk; `unseen` says what is not visible where the log is missing. Columns that a file lacks are null.
    """

    name: str
    doc: str
    unseen: str
    columns: tuple[Column, ...]
    hint: Hint
    concerns: Callable[[], pl.Expr]
    redact: Callable[[], Mapping[str, pl.Expr]] = dict


class Geo(Protocol):
    """What the operator's databases say of an address."""

    def asn_of(self, address: str) -> str | None:
        """Return the autonomous system that an address belongs to: number and name."""

    def country_of(self, address: str) -> str | None:
        """Return the ISO code of its country."""


@dataclass(frozen=True, slots=True)
class Site:
    """What config says of the place that the logs come from."""

    local_nets: tuple[IPv4Network | IPv6Network, ...] = ()
    timezone: str = "UTC"
    roles: tuple[tuple[str, str], ...] = ()
    geo: Geo | None = None

    def network(self, address: pl.Expr, otherwise: pl.Expr) -> pl.Expr:
        """Return the autonomous system of an address where it is known, else `otherwise`."""
        import polars as pl  # noqa: PLC0415 - `--help` must not load polars

        if self.geo is None:
            return otherwise
        known = partial(_networks, self.geo.asn_of)
        return pl.coalesce(address.map_batches(known, return_dtype=pl.String, is_elementwise=True), otherwise)


def _networks(asn_of: Callable[[str], str | None], addresses: pl.Series) -> pl.Series:
    import polars as pl  # noqa: PLC0415 - as above

    each = addresses.drop_nulls().unique()
    found = pl.Series([asn_of(address) for address in each], dtype=pl.String)
    return addresses.replace_strict(each, found, default=None, return_dtype=pl.String)


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is judged: from `since` (inclusive) to `until` (exclusive). Earlier rows serve as history."""

    since: datetime | None = None
    until: datetime | None = None

    def covers(self, ts: str = "ts") -> pl.Expr:
        """Return a boolean expression: column `ts` lies in the window."""
        import polars as pl  # noqa: PLC0415 - `--help` must not load polars

        inside = pl.col(ts).is_not_null()
        if self.since is not None:
            inside &= pl.col(ts) >= self.since
        if self.until is not None:
            inside &= pl.col(ts) < self.until
        return inside


@dataclass(frozen=True, slots=True)
class Context:
    """What a detector gets besides its tables and `Params`."""

    site: Site = Site()
    window: Window = Window()
    alpha: float = 1e-6
    false_discovery_rate: float = 0.01
    params: Mapping[str, Params] = field(default_factory=dict)
    """Parameters of all detectors, by id: some judge by the test of another (`password-guessing`)."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A table that detectors read: a lazy plan over logs and other facts, with declared columns.

    `needs` names tables that must be there (an absent log is given as an empty frame of its columns). A fact is `daily`
    if the rows of several UTC days are those of each day put together, where all lines of a connection are of one day.
    Of the logs and daily facts that it needs, its plan then sees the rows of one day; of others the whole table, which
    should be small and seldom change, because all days are computed again when it does. `merge` makes one table of the
    days' rows where a key may have one on each day; others see that table only. It may be given rows that it made.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    needs: tuple[str, ...]
    plan: Callable[[Tables, Context], pl.LazyFrame]
    daily: bool = False
    merge: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None


class Params(BaseModel):
    """Base of every detector's parameters: frozen, no unknown key; each field has bounds, unit and source."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Advice:
    """A step to take, as a `str.format` template over what `Detector.title` may name.

    It applies where everything in `when` holds: the name of an evidence term (its value is not zero) or one of
    `client-local`, `client-outside`, `server-local`, `server-outside` (all clients or servers of the finding are).
    `owner` is `outside` for what the site cannot do itself but can ask for: such a text begins with "Tell".
    `wider` is the text of a step, of any detector, that includes this one: where an incident has both, that one is
    taken for all of them. It names nothing that only the other detector knows, or names it in brackets.
    """

    text: str
    owner: Literal["site", "outside"] = "site"
    when: tuple[str, ...] = ()
    wider: str = ""


Weakness = Literal[
    "auth-before-tls", "address-disclosure", "recipient-probing", "password-guessing", "old-tls", "attacker"
]
"""What settings help against: weaknesses of a server, and outside attackers (blocked by a firewall)."""


@dataclass(frozen=True, slots=True)
class Detector:
    """One kind of finding.

    `plan(tables, params, context)` returns a LazyFrame of `FINDING` columns. `title`, `summary` and `actions` are
    `str.format` templates over the finding's own fields (`clients`, `servers`, `accounts`, `count`, `first`, `last`)
    and the names of its evidence's terms and details. `compromises_credentials`: the accounts it names need a new
    credential. With all of `required_logs` its verdicts are observed, with all of `inferred_from` inferred (either
    may be empty: then it never observes, or never infers), else it is blind and does not run; `a|b` is satisfied by
    either log. An observed finding makes inferred ones of the detectors in `replaces` (its own id: of other keys)
    superfluous where the parties are the same (`correlate/replacement.py`);
    `trials`, of the same arguments, returns one row with the number of statistical trials (column `trials`).

    Incidents: `stage` is the step of an attack that it shows, `technique` what a campaign of such findings is called.
    A finding of medium or above `convicts` its clients: they are attackers, bots or stealers. Findings of a `symptom`
    detector whose clients are convicted are consequences of that incident. `weaknesses` are those that the site's
    servers could be hardened against (`zeeksmtp/hardening/`).
    """

    id: str
    title: str
    summary: str
    actions: tuple[Advice, ...]
    attack: tuple[str, ...]
    needs: tuple[str, ...]
    required_logs: tuple[str, ...]
    params: type[Params]
    plan: Callable[[Tables, Any, Context], pl.LazyFrame]
    stage: Literal["recon", "exposure", "guessing", "access", "abuse"] | None = None
    technique: str | None = None
    convicts: bool = False
    symptom: bool = False
    trials: Callable[[Tables, Any, Context], pl.LazyFrame] | None = None
    compromises_credentials: bool = False
    inferred_from: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    weaknesses: tuple[Weakness, ...] = ()

    def visibility(self, logs: Collection[str]) -> Literal["observed", "inferred", "blind"]:
        """Return what the detector can do with `logs`."""
        if _satisfied(self.required_logs, logs):
            return "observed"
        return "inferred" if _satisfied(self.inferred_from, logs) else "blind"


def alternatives(log: str) -> tuple[str, ...]:
    """Return the logs any one of which satisfies an entry of `required_logs` or `inferred_from`."""
    return tuple(log.split("|"))


def _satisfied(required: Collection[str], logs: Collection[str]) -> bool:
    return bool(required) and all(any(name in logs for name in alternatives(log)) for log in required)


@dataclass(frozen=True, slots=True)
class Output:
    """A form of the report. `render` takes the report and how to show it."""

    name: str
    doc: str
    render: Callable[[Report, View], str]


@dataclass(frozen=True, slots=True)
class View:
    """How a report is shown: `width` of the terminal (`None`: it goes to a file or a pipe), or all of it (`full`).

    `show` is the command that shows one incident, without its number: `zeeksmtp show`, with the paths of the logs.
    `max_bytes` bounds a page: it keeps what is urgent.
    """

    width: int | None = None
    full: bool = False
    show: str = "zeeksmtp show"
    max_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the CLI: its name and either the function or, for a group, the functions by name."""

    name: str
    run: Callable[..., Any] | Mapping[str, Callable[..., Any]]


FINDING: Mapping[str, str] = {
    "key": "vector[string]",
    "severity": "string",
    "confidence": "string",
    "first": "time",
    "last": "time",
    "count": "count",
    "clients": "vector[string]",
    "servers": "vector[string]",
    "accounts": "vector[string]",
    "terms": "vector[term]",
    "details": "vector[detail]",
    "test": "test",
    "uids": "vector[string]",
    "attack": "vector[string]",
    "visibility": "string",
}
"""Columns and types of what a detector's plan yields.

`key` is the entity key; `uids` the first 20 by (ts, uid); `attack` is empty where the detector's own ids apply;
`visibility` is empty for `observed`.
"""
