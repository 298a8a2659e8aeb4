"""Commands that choose among findings or incidents: one function declares their filter options for all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zeeksmtp.cli import _filters, _options, _request

if TYPE_CHECKING:
    from zeeksmtp.config import Settings
    from zeeksmtp.report.filters import Filter

_Since = Annotated[str | None, typer.Option(metavar="TIME", help="Only with an event at TIME or later: 2026-11-23.")]
_Until = Annotated[str | None, typer.Option(metavar="TIME", help="Only with an event before TIME.")]
OPTIONS: dict[str, Any] = {
    "min_severity": _filters.MinSeverity,
    "detectors": _filters.Detectors,
    "clients": _filters.Clients,
    "servers": _filters.Servers,
    "accounts": _filters.Accounts,
    "states": _filters.States,
    "since": _Since,
    "until": _Until,
    "config": _options.Config,
}


def filtered(run: Callable[..., None]) -> Callable[..., None]:
    """Return `run` as a command with the filter options and `--config`.

    `run` gets `settings` and `wanted` (a `Filter`) in their place; its other parameters stay as they are.
    """
    own = [p for p in inspect.signature(run, eval_str=True).parameters.values() if p.name not in {"settings", "wanted"}]

    def command(*args: Any, **options: Any) -> None:
        chosen = {name: options.pop(name) for name in OPTIONS}
        settings = _request.settings(chosen["config"], None)
        run(*args, settings=settings, wanted=_wanted(settings, chosen), **options)

    more = [
        inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=a) for n, a in OPTIONS.items()
    ]
    # Typer reads the parameters of a command from its signature.
    command.__signature__ = inspect.Signature([*own, *more])  # type: ignore[attr-defined] # the protocol of `inspect`
    command.__doc__ = run.__doc__
    command.__annotations__ = {}
    return command


def _wanted(settings: Settings, chosen: dict[str, Any]) -> Filter:
    span = _request.window(chosen["since"], chosen["until"], settings.timezone)
    names = ("min_severity", "detectors", "clients", "servers", "accounts", "states")
    return _filters.chosen(**{name: chosen[name] for name in names}, since=span.since, until=span.until)
