"""The stock logs of simulated sessions are those of recorded ones: the same dialogues, compared field by field.

Every recorded session whose dialogue is readable is said again by the simulator, with the same commands, replies and
pace; bodies are the simulator's own, as no log tells their size. What is inside TLS is compared by kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from statistics import median
from typing import Any

import numpy as np
import polars as pl
import pytest

from simulation.benign import people
from simulation.dialogue import Talk, known_server
from simulation.recorded import Session, is_repeatable, said_again, sessions, written
from simulation.seeds import stream

Pair = tuple[Session, Session]
Row = dict[str, Any]

BYTES_TOLERANCE = 0.2
"""Of the client's bytes, where all of them are commands."""
REPLY_TOLERANCE, MEDIAN_TOLERANCE = 0.5, 0.2
"""Of the server's bytes: greetings and replies of one software differ by configuration, their median by less."""
BODY_FACTOR = 3.5
"""Between the client's bytes of a mail and those of the recorded ones, whose bodies are of 20 to 800 bytes."""
PACKETS_TOLERANCE, PACKETS_MEDIAN = 0.5, 0.25
"""How packets are acknowledged is chance: each session by a half, the median by a quarter."""
DURATION_FACTOR = 4.5
"""Of sessions of half a second and more: servers hold refusals back for 0.25 to 2.2 s; the simulator takes 1 s."""
LONG_SECONDS = 0.5
TLS_TOLERANCES = {"orig_bytes": 0.1, "resp_bytes": 0.1, "orig_pkts": 0.35, "resp_pkts": 0.35}
"""Of the median of recorded sessions; names and certificates differ."""


def _refused_logins(session: Session) -> bool:
    codes = {c["reply_code"] for c in session.commands if c["command"] == "AUTH"}
    return codes == {535} and "MAIL" not in session.verbs


KINDS: dict[str, Callable[[Session], bool]] = {
    "refused login": _refused_logins,
    "login and mail": lambda s: {"AUTH", "DATA"} <= set(s.verbs),
    "mail": lambda s: "DATA" in s.verbs and "AUTH" not in s.verbs,
    "VRFY": lambda s: "VRFY" in s.verbs,
    "EXPN": lambda s: "EXPN" in s.verbs,
    "refused recipients": lambda s: "RCPT" in s.verbs and "DATA" not in s.verbs,
    "bot": lambda s: s.capture == "spambot_direct_to_mx",
    "relay probe": lambda s: s.capture == "relay_probe" and "DATA" not in s.verbs and "RCPT" in s.verbs,
    "greeting and leave": lambda s: set(s.verbs) <= {"EHLO", "HELO", "QUIT"},
}


def _comparable(session: Session) -> bool:
    """Leave out oddities, and DATA that was refused at once: the simulator has neither."""
    takes = any(c["command"] == "RCPT" and c["reply_code"] < 300 for c in session.commands)
    tls = any(row["tls"] for row in session.smtp)
    return session.capture != "auth_odd" and not tls and (takes or "DATA" not in session.verbs)


@cache
def pairs() -> tuple[Pair, ...]:
    chosen = [session for session in sessions() if is_repeatable(session) and _comparable(session)]
    return tuple(zip(chosen, said_again(chosen), strict=True))


def of_kind(kind: str) -> list[Pair]:
    chosen = [pair for pair in pairs() if KINDS[kind](pair[0])]
    assert len(chosen) >= 3
    return chosen


def ratios(chosen: Sequence[Pair], column: str) -> list[float]:
    return [simulated.conn[column] / max(1, recorded.conn[column]) for recorded, simulated in chosen]


def _letters(history: str) -> set[str]:
    """Return the letters of a history that are no chance: acknowledgements, closing and retransmissions are."""
    return set(history) & set("SADhd")


@pytest.mark.parametrize("kind", KINDS)
def test_connections_are_named_as_recorded(kind: str) -> None:
    for recorded, simulated in of_kind(kind):
        assert simulated.conn["service"] == recorded.conn["service"]
        assert simulated.conn["proto"] == recorded.conn["proto"]
        assert _letters(simulated.conn["history"]) == _letters(recorded.conn["history"]), recorded


@pytest.mark.parametrize("kind", KINDS)
def test_the_client_says_as_many_bytes(kind: str) -> None:
    for pair in of_kind(kind):
        low, high = (1 / BODY_FACTOR, BODY_FACTOR) if "DATA" in pair[0].verbs else (0.8, 1 + BYTES_TOLERANCE)
        assert low <= ratios([pair], "orig_bytes")[0] <= high, pair[0]


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"EXPN"}))  # a list is answered with a line for each member
def test_the_server_says_as_many_bytes(kind: str) -> None:
    found = ratios(of_kind(kind), "resp_bytes")
    assert median(found) == pytest.approx(1, abs=MEDIAN_TOLERANCE)
    assert min(found) >= 1 - REPLY_TOLERANCE
    assert max(found) <= 1 + REPLY_TOLERANCE


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_as_many_packets(kind: str) -> None:
    for side in ("orig_pkts", "resp_pkts"):
        found = ratios(of_kind(kind), side)
        assert median(found) == pytest.approx(1, abs=PACKETS_MEDIAN)
        assert min(found) >= 1 - PACKETS_TOLERANCE
        assert max(found) <= 1 + PACKETS_TOLERANCE


@pytest.mark.parametrize("kind", KINDS)
def test_long_sessions_last_as_long(kind: str) -> None:
    for recorded, simulated in of_kind(kind):
        seconds = simulated.conn["duration"].total_seconds()
        if recorded.conn["duration"] >= LONG_SECONDS:
            assert 1 / DURATION_FACTOR <= seconds / recorded.conn["duration"] <= DURATION_FACTOR, recorded


def _is_odd(session: Session) -> bool:
    """Return whether recipients are written so that Zeek finds other addresses in them, or none."""
    named = [c["arg"] for c in session.commands if c["command"] == "RCPT"]
    return any(arg.count("@") != 1 or set(arg) & set('"%!,[') for arg in named)


def _line(row: Row) -> Row:
    """Return what of a line of smtp.log does not change from one session to the next."""
    return {
        "depth": row["trans_depth"],
        "helo": row.get("helo"),
        "mailfrom": row.get("mailfrom"),
        "rcptto": sorted(row.get("rcptto") or []),
        "code": (row.get("last_reply") or "")[:3],
        "tls": row["tls"],
        "files": len(row.get("fuids") or []),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_lines_of_smtp_log_are_there_or_absent(kind: str) -> None:
    for recorded, simulated in of_kind(kind):
        expected, seen = ([_line(row) for row in session.smtp] for session in (simulated, recorded))
        if _is_odd(recorded):
            expected, seen = ([{**row, "rcptto": []} for row in rows] for rows in (expected, seen))
        assert expected == seen, recorded


@pytest.mark.parametrize("kind", ["refused login", "VRFY", "EXPN", "greeting and leave"])
def test_what_is_no_transaction_leaves_no_line(kind: str) -> None:
    """This is why stock logs know such sessions by conn.log alone."""
    assert not any(recorded.smtp or simulated.smtp for recorded, simulated in of_kind(kind))


def _bare(history: str) -> Callable[[Session], bool]:
    return lambda session: session.conn["history"] == history


@pytest.mark.parametrize(
    ("state", "recorded"),
    [("S0", _bare("S")), ("REJ", _bare("Sr")), ("SF", _bare("ShAdFf"))],
    ids=["no answer", "refused", "read the greeting and left"],
)
def test_connections_without_a_word_are_as_recorded(state: str, recorded: Callable[[Session], bool]) -> None:
    server = known_server("10.20.1.9", "host9.corp.example")
    row = written([Talk(np.array([0]), "203.0.113.9", server, 25, state=state)])[0][0]
    for session in filter(recorded, sessions()):
        assert row["conn_state"] == session.conn["conn_state"]
        assert row["history"] == session.conn["history"]
        for column in ("service", "orig_bytes", "orig_pkts", "resp_pkts"):
            assert row[column] == session.conn.get(column), column
        assert (row["duration"] is None) == ("duration" not in session.conn)


def recorded_of(capture: str, *sent: int) -> list[Row]:
    """Return sessions of a capture by the bytes of their clients; its truth says what they were."""
    return [s.conn for s in sessions() if s.capture == capture and s.conn.get("orig_bytes") in sent]


def _inside_tls(kind: str, way: str) -> Row:
    """Return conn.log's line of a small mail, a refused login or a relayed mail inside TLS."""
    server = known_server("10.20.0.24", "smtp.corp.example", offers="PLAIN LOGIN" if kind == "relayed" else "")
    ts, hosts, random = np.array([0]), pl.Series(["10.20.1.22"]), stream(2, "inside TLS")
    if kind == "relayed":
        talk = Talk(ts, hosts, server, 25, helo="mx.corp.example", tls=way)
        talk.mail("alice@corp.example", "bob@example.example")
    elif kind == "mail":
        talk = people.mailed(server, ts, hosts, way=way, size=np.array([200.0]), random=random)
    else:
        talk = people.refused(server, ts, hosts, way=way, random=random)
    return written([talk])[0][0]


@pytest.mark.parametrize(
    ("kind", "way", "recorded"),
    [
        ("refused", "starttls", [("auth_after_starttls", 803), ("benign_mail_day", 815)]),
        ("refused", "implicit", [("smtps_465", 773)]),
        ("mail", "starttls", [("auth_after_starttls", 1171, 1146, 1222), ("stale_password", 1202)]),
        ("mail", "implicit", [("smtps_465", 1030, 1118, 1135)]),
        ("relayed", "starttls", [("legit_relay", 1194, 1217, 1212, 1159, 1197)]),
    ],
)
def test_what_is_inside_tls_shows_as_recorded(kind: str, way: str, recorded: list[tuple[Any, ...]]) -> None:
    simulated, rows = _inside_tls(kind, way), [row for part in recorded for row in recorded_of(*part)]
    assert rows
    for column, tolerance in TLS_TOLERANCES.items():
        assert simulated[column] == pytest.approx(median(row[column] for row in rows), rel=tolerance), column
    assert {simulated["service"]} == {row["service"] for row in rows}
    if kind == "refused":
        assert all(LONG_SECONDS <= row["duration"] <= 2.5 for row in rows)
        assert LONG_SECONDS <= simulated["duration"].total_seconds() <= 2.6
