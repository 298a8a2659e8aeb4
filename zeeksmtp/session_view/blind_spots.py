"""What could not be seen of a connection, and why: silence in a log is no proof that nothing happened."""

from __future__ import annotations

from collections.abc import Iterable

from zeeksmtp.reading.kinds import logs
from zeeksmtp.session_view.search import LINE_KEYS, Matches
from zeeksmtp.session_view.steps import Row, Rows, is_mail


def blind_spots_of(rows: Rows, matches: Matches) -> tuple[str, ...]:
    """Say what is missing: whole logs, lines of this connection, bytes, and what TLS hides."""
    return (
        *_logs(rows, matches),
        *(note for row in rows["conn"][:1] for note in _conn(row)),
        *(note for row in rows["smtp_session"][:1] for note in _session(row, rows)),
        *_tls(rows),
        *(f"{problem.where} failed: {problem.what}" for problem in matches.problems[:5]),
    )


def _logs(rows: Rows, matches: Matches) -> Iterable[str]:
    for name in LINE_KEYS:
        if name not in matches.present:
            yield f"{logs()[name].unseen}: {name}.log is missing"
        elif name in {"conn", "smtp_session"} and not rows[name]:
            yield f"{name}.log has no line of this connection: it was still open, or its file is not here"


def _conn(row: Row) -> Iterable[str]:
    if row["missed_bytes"]:
        yield f"{row['missed_bytes']:,} bytes were lost in the capture: what they held is unknown"


def _session(row: Row, rows: Rows) -> Iterable[str]:
    if row["gap"]:
        yield "content was missed in a capture gap: commands may be missing, counts are lower bounds"
    if row["analyzer_disabled"] is not None:
        yield f"Zeek stopped following the dialogue: {row['analyzer_disabled']}"
    if row["truncated"]:
        yield "a bound of the Zeek package was hit: what came after it is unknown"
    logged = len(rows["smtp_cmd"])
    if logged and row["commands"] is not None and row["commands"] > logged:
        yield f"{row['commands'] - logged} of {row['commands']} commands are not in smtp_cmd.log (log_bulk, or a bound)"


def _tls(rows: Rows) -> Iterable[str]:
    if any(row["established"] for row in rows["ssl"]):
        yield "what was said inside TLS cannot be read"
    elif any(row["tls"] for log in ("smtp_session", "smtp") for row in rows[log]):
        yield "STARTTLS was answered with 220: what was said inside TLS cannot be read"
    if any(is_mail(row) and len(row["rcptto"] or ()) == 100 for row in rows["smtp"]):
        yield "a mail has 100 recipients: Zeek >= 8.1 logs no more"
