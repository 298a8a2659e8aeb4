"""Lines of the logs become steps, in the order of the dialogue."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from zeeksmtp.session_view.shapes import AnyStep, AuthStep, CommandStep, MailStep, TlsStep, WeirdStep

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]

_VERB: Final = re.compile(r"[A-Za-z-]{1,12}")
_ADDRESS: Final = re.compile(r":\s*(?:<([^>]*)>|(\S+))")


def seconds(span: timedelta | None) -> float | None:
    """Return a span in seconds, to the microsecond that Zeek logs."""
    return None if span is None else round(span.total_seconds(), 6)


def steps_of(rows: Rows, start: datetime) -> tuple[AnyStep, ...]:
    """Return all steps in order: by time, AUTH after its command, a mail after the last command of its transaction."""
    placed: list[tuple[tuple[datetime, int, int], AnyStep]] = []
    commands = rows["smtp_cmd"]
    mails = list(_mails(rows["smtp"], commands))
    for rank, log in enumerate(_MAKERS):
        lines = mails if log == "smtp" else [(row["ts"], row.get("seq") or 0, row) for row in rows[log]]
        for at, seq, row in lines:
            timing = {"ts": row["ts"], "offset": seconds(row["ts"] - start)}
            placed.append(((at, seq, rank), _MAKERS[log](row, timing)))
    # Lines that share a moment are few; `seq` tells commands apart that came in one packet.
    return tuple(step for _, step in sorted(placed, key=lambda pair: pair[0]))


def is_mail(row: Row) -> bool:
    """Return whether a line of smtp.log is a mail: it may also only say that STARTTLS was used."""
    return row["mailfrom"] is not None or row["rcptto"] is not None


def _mails(lines: Sequence[Row], commands: Sequence[Row]) -> Iterable[tuple[datetime, int, Row]]:
    """Return each mail with its place: smtp.log's own time is that of the transaction's (or session's) beginning."""
    free = _transactions(commands)
    for row in sorted(filter(is_mail, lines), key=lambda row: (row["trans_depth"] or 0, row["ts"])):
        sender = (row["mailfrom"] or "").strip("<> ").lower()
        fits = next((t for t in free if t[0] == sender), None)
        if fits is None:
            yield row["ts"], 0, row
        else:
            free.remove(fits)
            yield fits[1]["ts"], fits[1]["seq"] or 0, row


def _transactions(commands: Sequence[Row]) -> list[tuple[str, Row]]:
    """Return sender and last command of each mail transaction."""
    found: list[tuple[str, Row]] = []
    within = False
    for row in sorted(commands, key=lambda row: (row["seq"] or 0, row["ts"])):
        if row["command"] == "MAIL":
            found.append((_address(row["arg"]), row))
            within = True
        elif within and row["command"] in {"RCPT", "DATA", "BDAT"}:
            found[-1] = (found[-1][0], row)
        else:
            within = False
    return found


def _address(arg: str | None) -> str:
    found = _ADDRESS.search(arg or "")
    return ((found[1] or found[2] or "") if found else "").lower()


def _command(row: Row, timing: Row) -> CommandStep:
    # A line that is no command can be a password that was sent too late: then nothing of it is shown.
    known = row["known"] is not False or bool(_VERB.fullmatch(row["command"] or ""))
    return CommandStep(
        **timing,
        command=row["command"] if known else None,
        disclosed=tuple(row["disclosed"] or ()),
        latency=seconds(row["latency"]),
        **_same(row, "seq", "arg", "reply_code", "reply_status", "reply_msg", "known"),
    )


def _auth(row: Row, timing: Row) -> AuthStep:
    return AuthStep(**timing, **_same(row, *(set(AuthStep.model_fields) - {"ts", "offset", "kind"})))


def _mail(row: Row, timing: Row) -> MailStep:
    content = None if row["fuids"] is None else bool(row["fuids"])
    names = tuple(sorted(row["rcptto"] or ()))
    return MailStep(**timing, sender=row["mailfrom"], recipients=names, last_reply=row["last_reply"], content=content)


def _tls(row: Row, timing: Row) -> TlsStep:
    return TlsStep(**timing, **_same(row, "established", "version", "cipher", "server_name"))


def _weird(row: Row, timing: Row) -> WeirdStep:
    return WeirdStep(**timing, name=row["name"])


def _same(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


_MAKERS: Final[Mapping[str, Callable[[Row, Row], AnyStep]]] = {
    "smtp_cmd": _command,
    "smtp_auth": _auth,
    "smtp": _mail,
    "ssl": _tls,
    "weird": _weird,
}
