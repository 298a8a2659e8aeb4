"""Recorded sessions, and the same dialogues said again by the simulator: what calibrates its stock logs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import IPv4Network
from typing import Any

import numpy as np
import polars as pl

from simulation.compile import prepared
from simulation.conn import conn
from simulation.dialogue import Talk, known_server
from simulation.replies import replies
from simulation.seeds import stream
from simulation.smtp import smtp
from simulation.units import CAPTURES

Row = dict[str, Any]
_PORTS = (25, 465, 587, 2525)
_SOFTWARE = {"Postfix": "postfix", "Exim": "exim", "Sendmail": "sendmail", "Microsoft": "exchange"}
_OWN = ("EHLO", "HELO", "STARTTLS", "QUIT")  # what a `Talk` says of itself
_VERBS = frozenset({*_OWN, "MAIL", "RCPT", "DATA", "AUTH", "VRFY", "EXPN", "RSET", "NOOP"})


@dataclass(frozen=True)
class Session:
    """A session as its logs tell it: conn.log's line, smtp.log's lines, and the dialogue where it is readable."""

    capture: str
    conn: Row
    smtp: tuple[Row, ...]
    commands: tuple[Row, ...] = ()
    logins: tuple[Row, ...] = ()
    banner: str = ""
    capabilities: tuple[str, ...] = ()

    @property
    def verbs(self) -> list[str]:
        """The commands in their order."""
        return [command["command"] for command in self.commands]


def _rows(capture: str, log: str) -> list[Row]:
    file = CAPTURES / capture / "json" / f"{log}.log"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def _by_uid(capture: str, log: str) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in _rows(capture, log):
        grouped[row["uid"]].append(row)
    return grouped


@cache
def sessions() -> tuple[Session, ...]:
    """Return every recorded session on a port of SMTP, of IPv4."""
    return tuple(_sessions())


def _sessions() -> Iterator[Session]:
    for capture in sorted(path.parents[1].name for path in CAPTURES.glob("*/json/conn.log")):
        mails, commands, logins = (_by_uid(capture, log) for log in ("smtp", "smtp_cmd", "smtp_auth"))
        logged = {row["uid"]: row for row in _rows(capture, "smtp_session")}
        for row in _rows(capture, "conn"):
            uid, known = row["uid"], logged.get(row["uid"], {})
            if row["id.resp_p"] in _PORTS and ":" not in row["id.orig_h"]:
                yield Session(
                    capture,
                    row,
                    smtp=tuple(mails.get(uid, ())),
                    commands=tuple(commands.get(uid, ())),
                    logins=tuple(logins.get(uid, ())),
                    banner=known.get("banner", ""),
                    capabilities=tuple(known.get("capabilities", ())),
                )


def is_repeatable(session: Session) -> bool:
    """Return whether the simulator knows the server's words and all verbs, and each command was answered."""
    known = any(word in session.banner for word in _SOFTWARE)
    answered = all(command.get("reply_code") for command in session.commands)
    odd = any(login.get("secret_kind") != "password" for login in session.logins)
    return known and answered and not odd and bool(session.commands) and set(session.verbs) <= _VERBS


@cache
def _verdicts() -> dict[tuple[str, str, int], str]:
    """Return the first verdict for each software, verb and code."""
    rows = replies().filter(pl.col("code").is_not_null()).select("software", "verb", "code", "verdict")
    return {(software, verb, code): verdict for software, verb, code, verdict in rows.reverse().iter_rows()}


def said_again(chosen: Sequence[Session]) -> list[Session]:
    """Return what the simulator writes of the same dialogues, at the same pace, with bodies of its own size."""
    conns, mails = written([_talk(session) for session in chosen])
    return [
        replace(session, conn=row, smtp=tuple(mails[n]))
        for n, (session, row) in enumerate(zip(chosen, conns, strict=True))
    ]


def _talk(session: Session) -> Talk:
    software = next(name for word, name in _SOFTWARE.items() if word in session.banner)
    row, codes = session.conn, [(c["command"], c["reply_code"]) for c in session.commands]
    offers = next((line.split(" ", 1)[1] for line in session.capabilities if line.startswith("AUTH ")), "")
    name = session.banner.split(" ", 1)[0]
    starttls = "STARTTLS" in session.capabilities
    server = known_server(row["id.resp_h"], name, software=software, starttls=starttls, offers=offers)
    hello = next((c for c in session.commands if c["command"] in {"EHLO", "HELO"}), {})
    starttls_code = next((code for verb, code in codes if verb == "STARTTLS"), None)
    tls = {None: "no", 220: "starttls", 454: "refused", 500: "stripped"}[starttls_code]
    talk = Talk(
        np.array([round(row["ts"] * 1e6)]), row["id.orig_h"], server, row["id.resp_p"],
        helo=hello.get("arg"), esmtp=hello.get("command") == "EHLO", tls=tls, quit="QUIT" in session.verbs,
        gap=_pace(session), seconds=0.0,
    )  # fmt: skip
    return _speak(talk, session, software)


def _pace(session: Session) -> int:
    """Return the mean time between commands in µs."""
    ts: list[float] = [command["ts"] for command in session.commands]
    return round((max(ts) - min(ts)) / max(1, len(ts) - 1) * 1e6)


def _speak(talk: Talk, session: Session, software: str) -> Talk:
    verdicts, logins = _verdicts(), iter(session.logins)
    for command in session.commands:
        verb, code, arg = command["command"], command["reply_code"], command.get("arg", "")
        verdict = verdicts.get((software, verb, code), verdicts.get((software, verb, 550), "unknown"))
        if verb in _OWN:
            continue
        if verb == "AUTH":
            login = next(logins)
            secret = "x" * int(login.get("secret_length", 8))
            talk.login(login.get("user", ""), secret, verdict, login["mechanism"], initial=login["initial_response"])
        else:
            talk.say(verb, _argument(verb, arg), verdict)
    return talk


def _argument(verb: str, arg: str) -> str | None:
    if verb in {"MAIL", "RCPT"}:
        return arg.split(":", 1)[-1].split(">", maxsplit=1)[0].strip(" <")
    return arg or None


def written(talks: Sequence[Talk]) -> tuple[list[Row], dict[int, list[Row]]]:
    """Return conn.log's lines of sessions and smtp.log's by number of session, with all columns that Zeek knows."""
    random = stream(2, "calibration")
    logged, lines, _ = prepared(talks, random)
    mails: dict[int, list[Row]] = defaultdict(list)
    for row in smtp(logged, lines, random).sort("ts").iter_rows(named=True):
        mails[row["sess"]].append(row)
    return conn(logged, IPv4Network("10.0.0.0/8")).to_dicts(), mails
