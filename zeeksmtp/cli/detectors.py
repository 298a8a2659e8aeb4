"""The catalogue: what is looked for, how it is decided, and what to do about it."""

import json
import textwrap
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated

import typer

from zeeksmtp.cli import _catalogue, _options, _say
from zeeksmtp.errors import UsageError
from zeeksmtp.model import Command

WIDTH = 100


class CatalogueFormat(StrEnum):
    """Forms of the list."""

    TERMINAL = "terminal"
    JSON = "json"


_Form = Annotated[
    CatalogueFormat, typer.Option("--format", metavar="|".join(CatalogueFormat), help="CatalogueFormat of the list.")
]
_Id = Annotated[str, typer.Argument(metavar="ID", help="Id of a detector, as in `detectors list`.", show_default=False)]


def show(form: _Form = CatalogueFormat.TERMINAL) -> None:
    """List the detectors: id and what each is about.

    \b
    Examples:
      zeeksmtp detectors list
      zeeksmtp detectors list --format json
    """
    entries = _catalogue.catalogue()
    if form is CatalogueFormat.JSON:
        shapes = [_shape(entry) for entry in entries.values()]
        _say.out(json.dumps(shapes, indent=1) + "\n")
        return
    longest = max(map(len, entries), default=0)
    _say.out("".join(f"{name:<{longest}}  {entry.line}\n" for name, entry in entries.items()))


def _shape(entry: _catalogue.Entry) -> dict[str, object]:
    d = entry.detector
    shape = {
        "id": d.id,
        "about": entry.line,
        "attack": d.attack,
        "stage": d.stage,
        "needs": d.needs,
        "required_logs": d.required_logs,
        "inferred_from": d.inferred_from,
    }
    return shape | {"parameters": [dict(zip(("name", "default", "doc"), p, strict=True)) for p in entry.parameters]}


def explain(detector: _Id) -> None:
    """Explain a detector: what it sees, why it matters, benign causes, what to do, and its parameters.

    \b
    Examples:
      zeeksmtp detectors explain user-enumeration
    """
    entries = _catalogue.catalogue()
    if detector not in entries:
        near = get_close_matches(detector, entries, 1, 0.5)
        raise UsageError(f"no detector is called {detector!r}; {_options.hint(near, tuple(entries))}")
    _say.out(_page(entries[detector]))


def _page(entry: _catalogue.Entry) -> str:
    parts = [f"{entry.detector.id}\n{entry.line}"]
    parts += [f"{head}\n{_filled(text, '  ')}" for head, text in entry.sections]
    parts.append("\n".join(f"{name}: {value}" for name, value in _catalogue.facts_of(entry)))
    if entry.parameters:
        parameters = [_filled(f"{name} = {default}: {doc}", "    ")[2:] for name, default, doc in entry.parameters]
        parts.append("\n".join(["Parameters", *parameters]))
    return "\n\n".join(parts) + "\n"


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


COMMAND = Command("detectors", {"list": show, "explain": explain})
