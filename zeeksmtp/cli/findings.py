"""What scheduled passes have found, and what you say to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zeeksmtp.cli import _options, _request, _say
from zeeksmtp.errors import UnusableError, UsageError
from zeeksmtp.model import FINDING_JSON, Command

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from zeeksmtp.state.findings import Known, Suppressed


class Form(StrEnum):
    """Forms of the list."""

    TERMINAL = "terminal"
    JSON = "json"


_Form = Annotated[Form, typer.Option("--format", metavar="|".join(Form), help="Form of the answer.")]
_Id = Annotated[str, typer.Argument(metavar="ID", help="Id of a finding, or how it begins.", show_default=False)]
_Ids = Annotated[
    list[str], typer.Argument(metavar="ID...", help="Ids of findings, or how they begin.", show_default=False)
]
_Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; for whoever reads it next.", show_default=False)]
_Expires = Annotated[
    str | None, typer.Option(metavar="DATE", help="First day (UTC) on which it no longer holds, as 2027-03-01.")
]


def show_all(*, form: _Form = Form.TERMINAL, config: _options.Config = None) -> None:
    """List all findings there have been, worst first: state, severity, count, last time, id, title.

    \b
    Examples:
      zeeksmtp findings list
      zeeksmtp findings list --format json
    """
    with _state(config) as connection:
        known, suppressed = _remembered(connection)
    if form is Form.JSON:
        _say.out(json.dumps([_shape(k, suppressed.get(k.finding.id)) for k in known.values()], indent=1) + "\n")
        return
    rows = [_row(k, suppressed.get(k.finding.id)) for k in known.values()]
    _say.out("".join(f"{line}\n" for line in rows))


def show_one(finding: _Id, *, form: _Form = Form.TERMINAL, config: _options.Config = None) -> None:
    """Show one finding whole: what happened, what it rests on, what to do, and what was said to it.

    \b
    Examples:
      zeeksmtp findings show ca7fef3982942648
    """
    with _state(config) as connection:
        known, suppressed = _remembered(connection)
        (chosen,) = _chosen(known, [finding])
    entry = suppressed.get(chosen)
    if form is Form.JSON:
        _say.out(json.dumps(_shape(known[chosen], entry), indent=1) + "\n")
        return
    _say.out("".join(f"{_plain(line)}\n" for line in _page(known[chosen], entry)))


def acknowledge(findings: _Ids, *, reason: _Reason, config: _options.Config = None) -> None:
    """Say that findings are known and dealt with: reports leave them out, unless they become graver.

    \b
    Examples:
      zeeksmtp findings ack ca7fef3982942648 --reason "password changed, ticket 4711"
    """
    from zeeksmtp.state import findings as state  # noqa: PLC0415 - `--help` must not load SQLAlchemy

    said = _said(reason)
    with _state(config) as connection:
        known = state.known(connection)
        chosen = _chosen(known, findings)
        state.acknowledge(connection, [known[id_] for id_ in chosen], said, datetime.now(UTC))
    _say.out("".join(f"acknowledged {id_}\n" for id_ in chosen))


def suppress(findings: _Ids, *, reason: _Reason, expires: _Expires = None, config: _options.Config = None) -> None:
    """Leave findings out of reports and incidents, as `[[suppress]]` in the config does, for ever or up to a day.

    \b
    Examples:
      zeeksmtp findings suppress b38dfdd66351781d --reason "test server" --expires 2027-03-01
    """
    from zeeksmtp.state import findings as state  # noqa: PLC0415 - `--help` must not load SQLAlchemy

    said, day = _said(reason), _day(expires)
    with _state(config) as connection:
        chosen = _chosen(state.known(connection), findings)
        for id_ in chosen:
            state.suppress(connection, state.Suppressed(id_, said, day))
    _say.out("".join(f"suppressed {id_}{f' until {day}' if day else ''}\n" for id_ in chosen))


@contextmanager
def _state(config: Any) -> Iterator[Connection]:
    """Give a connection to the state, within a transaction. Raises `UnusableError` if there was no pass yet."""
    from zeeksmtp.state.store import NAME, opened  # noqa: PLC0415 - `--help` must not load SQLAlchemy

    folder = _request.settings(config, None).state_dir
    if folder is None:
        raise UnusableError("`state_dir` is not set: name the folder in the config file; `zeeksmtp init` writes one")
    if not (folder / NAME).exists():
        raise UnusableError(f"{folder / NAME}: no pass has written it yet; run `zeeksmtp cron` first")
    with opened(folder / NAME) as store, store.transaction() as connection:
        yield connection


def _remembered(connection: Connection) -> tuple[dict[str, Known], dict[str, Suppressed]]:
    """Give findings, worst first, and the suppressions that hold today."""
    from zeeksmtp.state import findings as state  # noqa: PLC0415 - `--help` must not load SQLAlchemy

    known = sorted(state.known(connection).values(), key=lambda k: (-k.finding.severity.rank, k.finding.id))
    today = datetime.now(UTC).date()
    holding = {id_: s for id_, s in state.suppressed(connection).items() if s.expires is None or today < s.expires}
    return {k.finding.id: k for k in known}, holding


def _chosen(known: Iterable[str], words: Sequence[str]) -> list[str]:
    """Give the ids that begin with `words`, each word one. Raises `UsageError` if it is none or several."""
    chosen = []
    for word in words:
        fits = [id_ for id_ in known if id_.startswith(word.lower())] if word else []
        if len(fits) != 1:
            what = "no finding has" if not fits else f"{len(fits)} findings have an id that begins with"
            raise UsageError(f"{what} {word!r}{' as its id' if not fits else ''}; `zeeksmtp findings list` names them")
        chosen += fits
    return list(dict.fromkeys(chosen))


def _said(reason: str) -> str:
    if not reason.strip():
        raise UsageError("--reason is empty; say why, for whoever reads it next")
    return reason.strip()


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--expires {text!r} is no day; write 2027-03-01") from None
    if day <= datetime.now(UTC).date():
        raise UsageError(f"--expires {day} is not ahead; name a day from tomorrow (UTC) on")
    return day


def _shape(known: Known, entry: Suppressed | None) -> dict[str, Any]:
    """Give a finding as in a report, and what the state knows beside."""
    said = None
    if known.acknowledged is not None:
        said = {"at": known.acknowledged.isoformat(), "reason": known.reason}
    hidden = None
    if entry is not None:
        hidden = {"reason": entry.reason, "expires": entry.expires.isoformat() if entry.expires else None}
    passes = {"first_pass": known.first_pass, "last_pass": known.last_pass}
    finding: dict[str, Any] = FINDING_JSON.dump_python(known.finding, mode="json")
    return finding | passes | {"acknowledged": said, "suppressed": hidden}


def _row(known: Known, entry: Suppressed | None) -> str:
    f = known.finding
    state = "suppressed" if entry else f.state or ""
    return _plain(f"{state:<12}  {f.severity:<8}  {f.count:>7,}  {f.last:%Y-%m-%d %H:%M}  {f.id}  {f.title}")


def _page(known: Known, entry: Suppressed | None) -> Iterator[str]:
    f = known.finding
    yield f"{f.title}  {f.id}"
    yield f"  {f.state}; {f.severity}, confidence {f.confidence}; {f.detector}; {', '.join(f.attack)}"
    yield f"  {f.first:%Y-%m-%d %H:%M:%S} to {f.last:%Y-%m-%d %H:%M:%S} UTC; count {f.count:,}"
    for name, values in (("clients", f.clients), ("servers", f.servers), ("accounts", f.accounts), ("uids", f.uids)):
        if values:
            listed = ", ".join(value or '""' for value in values)
            yield f"  {name}: {listed}"
    yield from (f"  {detail.name}: {', '.join(detail.values)}" for detail in f.evidence.details)
    yield from (f"  {term.name}: {term.value}" for term in f.evidence.terms)
    yield f"  {f.summary}"
    yield f"  Do: {f.action}"
    if known.acknowledged is not None:
        yield f"  acknowledged {known.acknowledged:%Y-%m-%d %H:%M} UTC: {known.reason}"
    if entry is not None:
        yield f"  suppressed{f' until {entry.expires}' if entry.expires else ''}: {entry.reason}"


def _plain(line: str) -> str:
    from zeeksmtp.outputs._escape import plain  # noqa: PLC0415 - not for `--help`

    return plain(line)


COMMAND = Command("findings", {"list": show_all, "show": show_one, "ack": acknowledge, "suppress": suppress})
