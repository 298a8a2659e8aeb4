"""From a uid and paths to the transcript of its connections."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from zeeksmtp.errors import NoInputError
from zeeksmtp.expressions.direction import direction, locality
from zeeksmtp.model import Problem, Site
from zeeksmtp.session_view.blind_spots import blind_spots_of
from zeeksmtp.session_view.search import ENDS, LINE_KEYS, Matches, search
from zeeksmtp.session_view.shapes import ConnectionSummary, Session, SessionView, Starttls
from zeeksmtp.session_view.steps import Row, Rows, seconds, steps_of

_NOTHING: Final[dict[str, Any]] = {}
Ends = tuple[str, int, str, int]


def session_view(paths: Sequence[Path], uid: str, site: Site) -> tuple[SessionView, tuple[Problem, ...]]:
    """Return every connection that was logged as `uid`, and the files that could not be read.

    Raises:
        NoInputError: No log has the uid, a path does not exist, or there is no usable log.
    """
    matches = search(paths, uid)
    sessions = [
        _session(ends, rows, matches, site)
        for ends, lines in _by_ends(matches.rows).items()
        for rows in _by_start(lines)
    ]
    if not sessions:
        raise NoInputError(_not_found(uid, matches, paths))
    ordered = sorted(sessions, key=lambda session: (session.start, session.client, session.client_port))
    return SessionView(uid=uid, sessions=tuple(ordered)), matches.problems


def _not_found(uid: str, matches: Matches, paths: Sequence[Path]) -> str:
    present = [f"{name}.log" for name in LINE_KEYS if name in matches.present]
    where = f"{', '.join(present) or 'any log'} under {', '.join(map(str, paths))}"
    return f"no SMTP connection has the uid {uid} in {where}; look in the logs of other days or sensors"


def _by_ends(frames: Mapping[str, pl.DataFrame]) -> dict[Ends, Rows]:
    """Return the rows by address and port of both ends: a uid may repeat across sensors."""
    found: dict[Ends, dict[str, list[Row]]] = {}
    for log, frame in frames.items():
        for row in frame.iter_rows(named=True):
            client, client_port, server, port = (row[end] for end in ENDS)
            rows = found.setdefault((client, client_port, server, port), {name: [] for name in LINE_KEYS})
            rows[log].append(row)
    return {ends: rows for ends, rows in found.items() if None not in ends}


def _by_start(rows: Rows) -> Sequence[Rows]:
    """Split rows where one uid stands for several connections of the same ends: each begins with a line of its own."""
    starts = sorted({row["ts"] for row in rows["conn"] or rows["smtp_session"]})
    parts: list[dict[str, list[Row]]] = [{log: [] for log in rows} for _ in starts or [None]]
    for log, lines in rows.items():
        for row in lines:
            parts[max(bisect_right(starts, row["ts"]) - 1, 0)][log].append(row)
    return parts


def _session(ends: Ends, rows: Rows, matches: Matches, site: Site) -> Session:
    client, client_port, server, port = ends
    transport = _transport(next(iter(rows["conn"]), None))
    start = transport.start if transport else min(row["ts"] for lines in rows.values() for row in lines)
    return Session(
        client=client,
        client_port=client_port,
        server=server,
        port=port,
        direction=_direction(client, server, rows, site),
        start=start,
        transport=transport,
        **_summary(rows),
        steps=steps_of(rows, start),
        unseen=blind_spots_of(rows, matches),
    )


def _direction(client: str, server: str, rows: Rows, site: Site) -> str:
    conn = next(iter(rows["conn"]), _NOTHING)
    flags = {flag: conn.get(flag) for flag in ("local_orig", "local_resp")}
    # Of a single connection two flags that say local tell nothing: Zeek may say so of every address.
    ends = {"client": client, "server": server, **flags, "flags_tell": not all(flags.values())}
    schema = dict.fromkeys((*flags, "flags_tell"), pl.Boolean) | {"client": pl.String, "server": pl.String}
    sides = locality("client", "local_orig", site), locality("server", "local_resp", site)
    return str(pl.DataFrame([ends], schema).select(direction(*sides)).item())


def _transport(row: Row | None) -> ConnectionSummary | None:
    if row is None:
        return None
    return ConnectionSummary(
        start=row["ts"],
        end=None if row["duration"] is None else row["ts"] + row["duration"],
        duration=seconds(row["duration"]),
        service=row["service"],
        client_bytes=row["orig_bytes"],
        server_bytes=row["resp_bytes"],
        state=row["conn_state"],
        history=row["history"],
        missed_bytes=row["missed_bytes"],
    )


def _summary(rows: Rows) -> dict[str, Any]:
    """Return what smtp_session.log says of the dialogue, else what smtp.log does."""
    row = next(iter(rows["smtp_session"]), _NOTHING)
    helo, tls, replies = (list(_values(rows["smtp"], name)) for name in ("helo", "tls", "last_reply"))
    code, text = row.get("last_reply_code"), row.get("last_reply_msg")
    return {
        "greeting": row.get("banner"),
        "helo": row.get("helo") if row.get("helo") is not None else next(iter(helo), None),
        "capabilities": row.get("capabilities"),
        "mechanisms_offered": row.get("mechanisms_offered"),
        "starttls": Starttls(
            offered=row.get("starttls_offered"),
            requested=row.get("starttls_requested"),
            reply_code=row.get("starttls_code"),
            accepted=row.get("tls") if row.get("tls") is not None else (any(tls) if tls else None),
        ),
        "last_reply": f"{code} {text or ''}".strip() if code is not None else next(reversed(replies), None),
        "quit": row.get("quit"),
    }


def _values(rows: Sequence[Row], name: str) -> Iterable[Any]:
    return (row[name] for row in rows if row[name] is not None)
