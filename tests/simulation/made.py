"""Where the parts of a simulation put what they make."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from tests.simulation.clock import Times
from tests.simulation.dialogue import Talk, Values, column
from tests.simulation.truth import Event

LOOK_UP = pl.Schema({"ts": pl.Int64, "client": pl.String, "query": pl.String, "resolver": pl.String})


@dataclass
class Made:
    """Sessions, look-ups of MX records, and the truth about them."""

    talks: list[Talk] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    look_ups: list[pl.DataFrame] = field(default_factory=list)

    def add(self, talk: Talk) -> Talk:
        """Take sessions, and give them back to be spoken in."""
        self.talks.append(talk)
        return talk

    def looked_up(self, ts: Times, client: Values, domains: Values) -> None:
        """Take look-ups of MX records, just before the mail."""
        values = {"ts": ts - 200_000, "client": client, "query": domains, "resolver": "10.20.0.53"}
        self.look_ups.append(
            pl.DataFrame([column(name, values[name], dtype, len(ts)) for name, dtype in LOOK_UP.items()])
        )

    def all_look_ups(self) -> pl.DataFrame:
        """Give all look-ups as one frame."""
        return pl.concat(self.look_ups or [pl.DataFrame(schema=LOOK_UP)])
