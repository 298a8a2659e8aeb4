"""The commands `list`, `show`, `ack`, `unack` and `suppress`, alike for findings and for incidents."""

from __future__ import annotations

import json
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zeeksmtp.cli import _options, _request, _say
from zeeksmtp.cli._filtered import filtered
from zeeksmtp.cli._remembered import load, open_state
from zeeksmtp.cli.show import text_of
from zeeksmtp.errors import UsageError
from zeeksmtp.model import Command
from zeeksmtp.report.filters import Filter

if TYPE_CHECKING:
    from zeeksmtp.report.entries import Entry
    from zeeksmtp.state.memory import Memory

DEFAULT_SCREEN = (80, 24)
"""Columns and lines of a screen whose size is unknown."""


class ListFormat(StrEnum):
    """Formats of lists and pages."""

    TERMINAL = "terminal"
    JSON = "json"


_Format = Annotated[ListFormat, typer.Option("--format", metavar="|".join(ListFormat), help="Format of the output.")]
_Id = Annotated[str, typer.Argument(metavar="ID", help="The id, or its beginning.", show_default=False)]
_Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="Ids, or their beginnings.", show_default=False)]
_All = Annotated[bool, typer.Option("--all", help="List all of them, not one screen.")]
_Reason = Annotated[
    str, typer.Option(metavar="TEXT", help="Why; for colleagues who read it later.", show_default=False)
]
_Expires = Annotated[
    str | None, typer.Option(metavar="DATE", help="First day (UTC) on which it no longer holds, as 2027-03-01.")
]


class LifecycleKind(ABC):
    """What the commands are about: findings or incidents, by id."""

    noun: str

    @abstractmethod
    def ids(self, memory: Memory) -> Iterable[str]:
        """Return all ids, worst and newest first."""

    @abstractmethod
    def matches(self, memory: Memory, id_: str, wanted: Filter) -> bool:
        """Return whether the filter asks for one of them."""

    @abstractmethod
    def members(self, memory: Memory, id_: str, *, symptoms: bool = False) -> list[str]:
        """Return the ids of the findings that an incident consists of, with `symptoms` more; else the id itself."""

    @abstractmethod
    def title(self, memory: Memory, id_: str) -> str:
        """Return its title."""

    @abstractmethod
    def line(self, memory: Memory, id_: str) -> str:
        """Return its line in the list, not escaped yet."""

    @abstractmethod
    def entry(self, memory: Memory, id_: str) -> Entry:
        """Return the incident or finding itself."""

    @abstractmethod
    def json(self, memory: Memory, id_: str) -> dict[str, Any]:
        """Return all that is known of it for other programs."""


def list_command(kind: LifecycleKind) -> Callable[..., None]:
    """Return the command `list`."""

    @filtered
    def run(*, settings: Any, wanted: Any, all_: _All = False, form: _Format = ListFormat.TERMINAL) -> None:
        with open_state(settings) as connection:
            memory = load(connection)
        ids = [id_ for id_ in kind.ids(memory) if kind.matches(memory, id_, wanted)]
        if form is ListFormat.JSON:
            _say.out(json.dumps([kind.json(memory, id_) for id_ in ids], indent=1) + "\n")
        else:
            _say.out(_screen([kind.line(memory, id_) for id_ in ids], kind.noun, whole=all_))

    return run


def show_command(kind: LifecycleKind) -> Callable[..., None]:
    """Return the command `show`."""

    def run(id_: _Id, *, form: _Format = ListFormat.TERMINAL, config: _options.Config = None) -> None:
        settings = _request.settings(config, None)
        with open_state(settings) as connection:
            memory = load(connection)
        (chosen,) = _named(kind, memory, [id_])
        if form is ListFormat.JSON:
            _say.out(json.dumps(kind.json(memory, chosen), indent=1) + "\n")
        else:
            logs = [settings.log_dir] if settings.log_dir else []
            _say.out(text_of(kind.entry(memory, chosen), memory.entries(), logs))
            _say.out("".join(f"    {_plain(line)}\n" for line in _decided(kind, memory, chosen)))

    return run


def _decided(kind: LifecycleKind, memory: Memory, id_: str) -> Iterator[str]:
    for member in kind.members(memory, id_):
        yield from memory.decided(member)


def commands(name: str, kind: LifecycleKind, helps: Mapping[str, str]) -> Command:
    """Return the group of commands `name`, each with its help."""
    makers = {
        "list": list_command,
        "show": show_command,
        "ack": ack_command,
        "unack": unack_command,
        "suppress": suppress_command,
    }
    return Command(name, {word: with_help(make(kind), helps[word]) for word, make in makers.items()})


def ack_command(kind: LifecycleKind) -> Callable[..., None]:
    """Return the command `ack`."""

    @filtered
    def run(ids: _Ids = None, *, settings: Any, wanted: Any, reason: _Reason) -> None:
        from zeeksmtp.state.findings import acknowledge  # noqa: PLC0415 - `--help` must not load SQLAlchemy

        text = _checked_reason(reason)
        with open_state(settings) as connection:
            memory = load(connection)
            chosen = {id_: kind.members(memory, id_) for id_ in _chosen(kind, memory, ids, wanted)}
            acknowledge(connection, [memory.findings[id_] for members in chosen.values() for id_ in members], text)
        _say.out(_done(kind, memory, chosen, "acknowledged"))

    return run


def unack_command(kind: LifecycleKind) -> Callable[..., None]:
    """Return the command `unack`."""

    @filtered
    def run(ids: _Ids = None, *, settings: Any, wanted: Any) -> None:
        from zeeksmtp.state.findings import unacknowledge  # noqa: PLC0415 - `--help` must not load SQLAlchemy

        with open_state(settings) as connection:
            memory = load(connection)
            named = {id_: kind.members(memory, id_) for id_ in _chosen(kind, memory, ids, wanted)}
            held = {id_ for id_, known in memory.findings.items() if known.acknowledged is not None}
            chosen = {id_: [m for m in members if m in held] for id_, members in named.items() if held & {*members}}
            unacknowledge(connection, [id_ for members in chosen.values() for id_ in members])
        _say.out(_done(kind, memory, chosen, "no longer acknowledged"))

    return run


def suppress_command(kind: LifecycleKind) -> Callable[..., None]:
    """Return the command `suppress`."""

    @filtered
    def run(ids: _Ids = None, *, settings: Any, wanted: Any, reason: _Reason, expires: _Expires = None) -> None:
        from zeeksmtp.state.findings import FindingSuppression, suppress  # noqa: PLC0415 - as above

        text, day = _checked_reason(reason), _day(expires)
        with open_state(settings) as connection:
            memory = load(connection)
            chosen = {id_: kind.members(memory, id_, symptoms=True) for id_ in _chosen(kind, memory, ids, wanted)}
            for finding in dict.fromkeys(id_ for members in chosen.values() for id_ in members):
                suppress(connection, FindingSuppression(finding, text, day))
        _say.out(_done(kind, memory, chosen, f"suppressed{f' until {day}' if day else ''}"))

    return run


def with_help(run: Callable[..., None], text: str) -> Callable[..., None]:
    """Return the command with its help text."""
    run.__doc__ = text
    return run


def _screen(lines: Sequence[str], noun: str, *, whole: bool) -> str:
    """Return lines, no more and no longer than fit on a screen unless the `whole` list is wanted."""
    columns, height = shutil.get_terminal_size(DEFAULT_SCREEN)
    room = height - 1  # the prompt
    shown = lines if whole or len(lines) <= room else lines[: room - 1]
    text = "".join(f"{_plain(line, columns if sys.stdout.isatty() else None)}\n" for line in shown)
    more = len(lines) - len(shown)
    return f"{text}{more:,} more {_plural(noun, more)}: --all lists them\n" if more else text


def _plural(noun: str, number: int) -> str:
    return noun if number == 1 else f"{noun}s"


def _chosen(kind: LifecycleKind, memory: Memory, ids: Sequence[str] | None, wanted: Filter) -> list[str]:
    """Return what ids and filter choose. Raises `UsageError` if there is neither."""
    if not ids and wanted == Filter():
        raise UsageError(f"name ids, or choose with a filter such as --client; `zeeksmtp {kind.noun}s list` lists ids")
    named = _named(kind, memory, ids) if ids else list(kind.ids(memory))
    return [id_ for id_ in named if kind.matches(memory, id_, wanted)]


def _named(kind: LifecycleKind, memory: Memory, beginnings: Iterable[str]) -> list[str]:
    """Return the ids with these beginnings. Raises `UsageError` for one that fits none, or several."""
    chosen = []
    for beginning in beginnings:
        fits = [id_ for id_ in kind.ids(memory) if id_.startswith(beginning.lower())] if beginning else []
        if len(fits) != 1:
            what = f"{len(fits)} {kind.noun}s have ids that begin with" if fits else f"no {kind.noun} has the id"
            raise UsageError(f"{what} {beginning!r}; `zeeksmtp {kind.noun}s list` lists ids")
        chosen += fits
    return list(dict.fromkeys(chosen))


def _done(kind: LifecycleKind, memory: Memory, chosen: Mapping[str, Sequence[str]], what: str) -> str:
    """Return what was changed, line by line, and how many."""
    lines = []
    for id_, members in chosen.items():
        lines.append(f"{what}: {id_}  {kind.title(memory, id_)}")
        lines += [f"  finding {member}  {memory.findings[member].finding.title}" for member in members if member != id_]
    lines.append(f"{len(chosen):,} {_plural(kind.noun, len(chosen))} {what}")
    return "".join(f"{_plain(line)}\n" for line in lines)


def _checked_reason(reason: str) -> str:
    if not reason.strip():
        raise UsageError("--reason is empty; say why, for colleagues who read it later")
    return reason.strip()


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--expires {text!r} is no day; write 2027-03-01") from None
    if day <= datetime.now(UTC).date():
        raise UsageError(f"--expires {day} is not in the future; name a day from tomorrow (UTC) on")
    return day


def _plain(line: str, columns: int | None = None) -> str:
    from zeeksmtp.escaping import cut, plain  # noqa: PLC0415 - not for `--help`

    return plain(line) if columns is None else cut(plain(line), columns)
