"""Where the parts of a simulation put what they make."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from simulation.clock import Times
from simulation.dialogue import Talk, Values, column
from simulation.truth import Event

_A, _MX = 1, 15  # RFC 1035, 3.2.2
LOOK_UP = pl.Schema(
    {
        "ts": pl.Int64,
        "client": pl.String,
        "query": pl.String,
        "resolver": pl.String,
        "qtype": pl.UInt64,
        "answer": pl.String,
    }
)


@dataclass(frozen=True)
class Certificate:
    """A host's certificate; `begins` is in µs."""

    fingerprint: str
    subject: str
    begins: int
    ends: datetime
    names: tuple[str, ...]


@dataclass
class Made:
    """Sessions, look-ups, certificates, and the truth about them."""

    talks: list[Talk] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    look_ups: list[pl.DataFrame] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)

    def add(self, talk: Talk) -> Talk:
        """Take sessions, and give them back to be spoken in."""
        self.talks.append(talk)
        return talk

    def certified(self, certificate: Certificate) -> str:
        """Take a certificate, and give its fingerprint."""
        self.certificates.append(certificate)
        return certificate.fingerprint

    def looked_up(self, ts: Times, client: Values, domains: Values) -> None:
        """Take look-ups of MX records, just before the mail."""
        self._ask(ts - 200_000, client=client, query=domains, qtype=_MX, answer=None)

    def resolved(self, ts: Times, client: Values, names: Values, addresses: Values) -> None:
        """Take look-ups of addresses, just before the session."""
        self._ask(ts - 100_000, client=client, query=names, qtype=_A, answer=addresses)

    def _ask(self, ts: Times, **given: Values) -> None:
        values = {"ts": ts, "resolver": "10.20.0.53", **given}
        self.look_ups.append(
            pl.DataFrame([column(name, values[name], dtype, len(ts)) for name, dtype in LOOK_UP.items()])
        )

    def all_look_ups(self) -> pl.DataFrame:
        """Return all look-ups as one frame."""
        return pl.concat(self.look_ups or [pl.DataFrame(schema=LOOK_UP)])
