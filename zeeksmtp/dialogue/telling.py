"""From a uid and paths to what is told: report and lake are made once, then the connection's lines are picked."""

from __future__ import annotations

import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from zeeksmtp import pipeline
from zeeksmtp.dialogue.lines import KEY, NUMBERS, lines_of, sessions_of
from zeeksmtp.dialogue.related import Entity, parts_of, stories_of
from zeeksmtp.dialogue.shapes import Session, Starttls, Telling, Transport
from zeeksmtp.dialogue.steps import Row, Rows, seconds, steps_of
from zeeksmtp.dialogue.unseen import unseen_of
from zeeksmtp.errors import NoInputError
from zeeksmtp.ingest import scan
from zeeksmtp.model import Report

_NOTHING: Final[dict[str, Any]] = {}


def tell(request: pipeline.Request, uid: str) -> tuple[Telling, Report]:
    """Tell every connection that `uid` stands for, and give the report of the same logs.

    Raises `NoInputError` if no log has the uid, a path does not exist or there is no usable log.
    """
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-") as folder:
        report = pipeline.export(request, Path(folder))
        return told(request, Path(folder), report, uid), report


def told(request: pipeline.Request, folder: Path, report: Report, uid: str) -> Telling:
    """Tell `uid` from what `pipeline.export` of the same `request` left in `folder` and gave as `report`.

    Raises `NoInputError` if no log has the uid.
    """
    found = list(_gathered(request, folder, uid))
    if not found:
        raise NoInputError(_nowhere(uid, report, request.paths))
    sessions = [_session(known, part, report) for known, rows in found for part in _connections(rows)]
    return Telling(uid=uid, sessions=tuple(sorted(sessions, key=lambda s: (s.start, s.uids))))


def _nowhere(uid: str, report: Report, paths: Sequence[Path]) -> str:
    there = [f"{name}.log" for name in NUMBERS if report.coverage.logs[name]]
    where = f"{', '.join(there) or 'any log'} under {', '.join(map(str, paths))}"
    return f"no SMTP connection has the uid {uid} in {where}; look in the logs of other days or sensors"


def _gathered(request: pipeline.Request, folder: Path, uid: str) -> Iterable[tuple[Sequence[Row], Rows]]:
    """Give, for each session, its rows of `connection` and its lines by log."""
    collect = pipeline.engine_named(request.engine).collect
    tables = {name: scan(folder / "lake", pipeline.logs()[name]) for name in NUMBERS}
    known = tables | {"connection": pl.scan_parquet(folder / "facts" / "connection.parquet")}
    connections = collect(sessions_of(known, uid))
    lines: Rows = {log: collect(lines_of(tables, log, connections)).to_dicts() for log in NUMBERS}
    for key, same in connections.group_by(KEY, maintain_order=True):
        rows: Rows = {log: [row for row in lines[log] if tuple(row[k] for k in KEY) == key] for log in NUMBERS}
        yield same.to_dicts(), rows


def _connections(rows: Rows) -> Sequence[Rows]:
    """Split lines where one uid stands for several connections of the same ends: each begins with a line of its own."""
    starts = sorted({row["ts"] for row in rows["conn"] or rows["smtp_session"]})
    parts: list[dict[str, list[Row]]] = [{log: [] for log in rows} for _ in starts or [None]]
    for log, lines in rows.items():
        for row in lines:
            parts[max(bisect_right(starts, row["ts"]) - 1, 0)][log].append(row)
    return parts


def _session(known: Sequence[Row], rows: Rows, report: Report) -> Session:
    first = known[0]
    moments = [row["ts"] for lines in rows.values() for row in lines]
    transport = _transport(next(iter(rows["conn"]), None))
    start = transport.start if transport else min(moments)
    last = max([*moments, *([transport.end] if transport and transport.end else [])])
    entity = _entity(known, rows, (start, last))
    parts = parts_of(entity, report)
    return Session(
        uids=entity.uids,
        **{name: first[name] for name in ("client", "client_port", "server", "port", "direction")},
        start=start,
        transport=transport,
        **_said(rows),
        steps=steps_of(rows, start),
        unseen=unseen_of(rows, report, pipeline.logs()),
        findings=parts,
        incidents=stories_of(parts, report),
    )


def _entity(known: Sequence[Row], rows: Rows, span: tuple[datetime, datetime]) -> Entity:
    accounts = [row["user"] for row in rows["smtp_auth"] if row["user"] is not None]
    uids = tuple(dict.fromkeys([known[0]["uid"], *(row["logged_uid"] for row in known)]))
    return Entity(uids, known[0]["client"], known[0]["server"], accounts, *span)


def _transport(row: Row | None) -> Transport | None:
    if row is None:
        return None
    return Transport(
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


def _said(rows: Rows) -> dict[str, Any]:
    """Give what smtp_session.log says of the dialogue, else what smtp.log does."""
    row = next(iter(rows["smtp_session"]), _NOTHING)
    mails = rows["smtp"]
    helo = [m["helo"] for m in mails if m["helo"] is not None]
    tls = [m["tls"] for m in mails if m["tls"] is not None]
    replies = [m["last_reply"] for m in mails if m["last_reply"] is not None]
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
