"""SMTP sessions in the making: who talks to whom, what is said, how it is answered; columns, so that many cost little.

A `Talk` holds many sessions at once. What they say is added verb by verb; the order of the calls is the order on the
wire. Replies are named (`ok`, `unknown`, `greylisted`, …); `replies` puts them into the words of the server's software.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulation.clock import Times
from simulation.seeds import Random

Rows = NDArray[np.int64]
Values = Any
"""A scalar for all rows, or something with one value for each."""

Types = dict[str, type[pl.DataType]]

_DIRECTORY: Types = {
    "server": pl.String,
    "name": pl.String,
    "software": pl.String,
    "starttls": pl.Boolean,
    "mechanisms": pl.String,
}
DIRECTORY = pl.Schema(_DIRECTORY)
"""What is known of a server: its address, its name, whose software it is, and what it offers before TLS."""

_SESSION: Types = {
    "ts": pl.Int64,
    "client": pl.String,
    **_DIRECTORY,
    "port": pl.UInt16,
    "helo": pl.String,
    "esmtp": pl.Boolean,
    "tls": pl.String,
    "state": pl.String,
    "masked": pl.Boolean,
    "pipelining": pl.Boolean,
    "spelling": pl.String,
    "quit": pl.Boolean,
    "gap": pl.Int64,
    "sent": pl.Int64,
    "got": pl.Int64,
    "seconds": pl.Float64,
    "version": pl.String,
    "cipher": pl.String,
    "certificate": pl.String,
}
SESSION = pl.Schema(_SESSION)
"""`tls`: no, starttls, implicit, refused (STARTTLS answered 5xx), failed (220, then no handshake). `state`: conn.log's.
`masked`: a box on the way hides STARTTLS. `pipelining`: RCPT and DATA are sent without waiting. `spelling`: what
stands before a sender, "FROM:<" or "FROM: <". `gap`: µs between commands. `sent`, `got`: bytes beside those of lines.
`version`, `cipher`: what TLS agrees on. `certificate`: its fingerprint, where it is not encrypted (below TLS 1.3).
"""
_DEFAULTS = {
    "esmtp": True,
    "tls": "no",
    "state": "SF",
    "masked": False,
    "pipelining": False,
    "spelling": "FROM:<",
    "quit": True,
    "gap": 40_000,
    "sent": 0,
    "got": 0,
    "seconds": 0.05,
    "version": "TLSv13",
    "cipher": "TLS_AES_256_GCM_SHA384",
    "certificate": None,
}
LINE = pl.Schema(
    {"sess": pl.Int64, "place": pl.Int64, "verb": pl.String, "arg": pl.String, "verdict": pl.String, "tag": pl.Int64}
)
LOGIN = pl.Schema(
    {
        "tag": pl.Int64,
        "mechanism": pl.String,
        "initial": pl.Boolean,
        "user": pl.String,
        "kind": pl.String,
        "secret": pl.String,
    }
)
KINDS = {
    "PLAIN": "password",
    "LOGIN": "password",
    "CRAM-MD5": "hash",
    "DIGEST-MD5": "hash",
    "NTLM": "hash",
    "SCRAM-SHA-256": "hash",
    "XOAUTH2": "token",
    "OAUTHBEARER": "token",
}


def known_server(
    address: str, name: str, *, software: str = "postfix", starttls: bool = True, offers: str = ""
) -> pl.DataFrame:
    """Return what is known of one server; `offers` are the AUTH mechanisms before TLS, in one string."""
    return pl.DataFrame([(address, name, software, starttls, offers)], schema=DIRECTORY, orient="row")


def column(name: str, value: Values, dtype: Any, count: int) -> pl.Series:
    """Return a column of `count` values from a scalar, or from as many values."""
    if isinstance(value, pl.Series):
        return value.cast(dtype).alias(name)
    if isinstance(value, np.ndarray | list | tuple):
        return pl.Series(name, value, dtype=dtype, strict=False)
    return pl.repeat(value, count, dtype=dtype, eager=True).alias(name)


def frame(schema: pl.Schema, count: int, values: dict[str, Values]) -> pl.DataFrame:
    """Return a frame of a schema, each column from a scalar or from as many values."""
    return pl.DataFrame([column(name, values[name], dtype, count) for name, dtype in schema.items()])


class Talk:
    """Sessions and what is said in them."""

    def __init__(self, ts: Times, client: Values, at: pl.DataFrame, port: Values = 25, **more: Values) -> None:
        """Begin sessions at `ts`, of one or many clients, at one server (a row) or at one each (as many rows)."""
        count = len(ts)
        servers = at if len(at) == count else at[np.zeros(count, dtype=np.int64)]
        given = {**_DEFAULTS, "helo": None, **{name: servers[name] for name in DIRECTORY}, **more}
        self.sessions = frame(SESSION, count, {**given, "ts": ts, "client": client, "port": port})
        self.lines: list[pl.DataFrame] = []
        self.logins: list[pl.DataFrame] = []
        self._place = 0
        self._tag = 0

    def __len__(self) -> int:
        return len(self.sessions)

    @property
    def all(self) -> Rows:
        """The number of every session."""
        return np.arange(len(self), dtype=np.int64)

    def say(self, verb: str, arg: Values = None, verdict: Values = "ok", sess: Rows | None = None) -> Talk:
        """Say something in all sessions, or in those numbered (one may stand there many times)."""
        return self._add(verb, arg, verdict, self.all if sess is None else sess, tag=-1)

    def _add(self, verb: str, arg: Values, verdict: Values, rows: Rows, tag: Values) -> Talk:
        values = {"sess": rows, "place": self._place, "verb": verb, "arg": arg, "verdict": verdict, "tag": tag}
        self.lines.append(frame(LINE, len(rows), values))
        self._place += 1
        return self

    def mail(
        self,
        sender: Values,
        rcpts: Values,
        verdict: Values = "ok",
        data: Values = "ok",
        *,
        sess: Rows | None = None,
        also: Rows | None = None,
    ) -> Talk:
        """Send one mail in all sessions, or in those numbered.

        `verdict` answers the recipient, `data` the content; content is sent where the recipient was accepted. `also`
        says how many more recipients each mail has, in the domain of the first and all there.
        """
        rows = self.all if sess is None else sess
        verdicts = column("v", verdict, pl.String, len(rows))
        first = column("arg", rcpts, pl.String, len(rows))
        self.say("MAIL", sender, "ok", rows)
        self.say("RCPT", first, verdicts, rows)
        taken = (verdicts == "ok").to_numpy()
        if also is not None:
            more = np.repeat(np.arange(len(rows)), np.where(taken, also, 0))
            number = pl.int_range(len(more), eager=True) % 97
            self.say("RCPT", pl.select(pl.format("p{}.{}", number, first[more])).to_series(), "ok", rows[more])
        datas = column("d", data, pl.String, len(rows)).filter(pl.Series(taken))
        return self.say("DATA", None, datas, rows[taken])

    def login(
        self,
        user: Values,
        secret: Values,
        verdict: Values = "ok",
        mechanism: Values = "LOGIN",
        sess: Rows | None = None,
        *,
        initial: bool = False,
    ) -> Talk:
        """Log in in clear in all sessions, or in those numbered."""
        rows = self.all if sess is None else sess
        tags = np.arange(self._tag, self._tag + len(rows), dtype=np.int64)
        self._tag += len(rows)
        mechanisms = column("mechanism", mechanism, pl.String, len(rows))
        kinds = mechanisms.replace_strict(KINDS)
        values = {"tag": tags, "mechanism": mechanisms, "initial": initial, "user": user, "kind": kinds}
        self.logins.append(frame(LOGIN, len(rows), {**values, "secret": secret}))
        return self._add("AUTH", mechanisms, verdict, rows, tags)


def copies(random: Random, count: int, share: float, most: int) -> Rows:
    """Draw how many more recipients mails have: a share of them has any, few of these have many."""
    return np.where(random.random(count) < share, np.minimum(random.zipf(1.8, count), most), 0).astype(np.int64)


def concat(talks: Iterable[Talk]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return sessions (numbered `sess`), lines and logins of many talks as three frames."""
    sessions: list[pl.DataFrame] = []
    lines: list[pl.DataFrame] = []
    logins: list[pl.DataFrame] = []
    offset = tags = 0
    for talk in talks:
        if len(talk) == 0:
            continue
        sessions.append(talk.sessions)
        moved = pl.when(pl.col("tag") >= 0).then(pl.col("tag") + tags).otherwise(pl.col("tag")).alias("tag")
        lines.extend(part.with_columns(pl.col("sess") + offset, moved) for part in talk.lines)
        logins.extend(part.with_columns(pl.col("tag") + tags) for part in talk.logins)
        offset += len(talk)
        tags += sum(map(len, talk.logins))
    return (
        pl.concat(sessions or [pl.DataFrame(schema=SESSION)])
        .with_row_index("sess")
        .with_columns(pl.col("sess").cast(pl.Int64)),
        pl.concat(lines or [pl.DataFrame(schema=LINE)]),
        pl.concat(logins or [pl.DataFrame(schema=LOGIN)]),
    )
