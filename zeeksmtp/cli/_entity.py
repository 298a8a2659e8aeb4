"""`zeeksmtp host` and `zeeksmtp account`: from the words of the command to the view, and the view as text."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from zeeksmtp.cli import _copyable, _finish, _progress, _say
from zeeksmtp.errors import ExitCode, NoInputError, UsageError
from zeeksmtp.model import View

if TYPE_CHECKING:
    from zeeksmtp.config import Settings
    from zeeksmtp.entity_view.shapes import EntityView
    from zeeksmtp.model import Window
    from zeeksmtp.pipeline import Analysis


class EntityFormat(StrEnum):
    """Forms of the view."""

    TERMINAL = "terminal"
    JSON = "json"


Form = Annotated[EntityFormat, typer.Option("--format", metavar="|".join(EntityFormat), help="Form of the output.")]

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The host, on either side.", show_default=False)]


@dataclass(frozen=True, slots=True)
class EntityRequest:
    """Which host or account to show, over which logs (none: what scheduled passes remember), and how."""

    kind: Literal["host", "account"]
    name: str
    paths: list[Path] | None
    settings: Settings
    window: Window
    form: EntityFormat
    quiet: bool

    @property
    def logs(self) -> Sequence[Path]:
        """Return the logs that commands to copy should name."""
        return self.paths or ([self.settings.log_dir] if self.settings.log_dir else [])


def show(wanted: EntityRequest, look: Callable[[Analysis, str], EntityView | None]) -> ExitCode:
    """Print what `look` finds in the logs, or what scheduled passes remember."""
    view, code = _over_logs(wanted, wanted.paths, look) if wanted.paths else (_remembered(wanted), ExitCode.OK)
    if view is None:
        where = ", ".join(map(str, wanted.paths)) if wanted.paths else "what scheduled passes remember"
        raise NoInputError(f"no SMTP session or finding names the {wanted.kind} {wanted.name} in {where}")
    if wanted.form is EntityFormat.JSON:
        _say.out(view.model_dump_json(indent=1, by_alias=True) + "\n")
    else:
        _say.out(_text(view, wanted.logs))
    return code


def _over_logs(
    wanted: EntityRequest, paths: Sequence[Path], look: Callable[[Analysis, str], EntityView | None]
) -> tuple[EntityView | None, ExitCode]:
    from zeeksmtp import pipeline  # noqa: PLC0415 - `--help` must not load polars

    with _progress.watching(quiet=wanted.quiet) as watch:
        # Of one host or account every finding is shown, also those that a report only counts.
        settings = wanted.settings.model_copy(update={"max_minor_findings": sys.maxsize})
        request = pipeline.Request(
            tuple(paths), settings, wanted.window, "local", watch.progress, watch.started, watch.step
        )
        with pipeline.analysis(request) as made:
            return look(made, wanted.name), _finish.verdict(made.report, None)


def _remembered(wanted: EntityRequest) -> EntityView | None:
    from zeeksmtp.cli._remembered import load, open_state  # noqa: PLC0415 - `--help` must not load SQLAlchemy
    from zeeksmtp.entity_view.view import remembered_view  # noqa: PLC0415 - `--help` must not load polars

    with open_state(wanted.settings) as connection:
        return remembered_view(wanted.kind, wanted.name, load(connection).entries())


def _text(view: EntityView, logs: Sequence[Path]) -> str:
    from zeeksmtp.cli._entity_text import parts  # noqa: PLC0415 - rich is not for `--help`
    from zeeksmtp.rendering.console import console, printed  # noqa: PLC0415 - likewise

    how = View(_finish.width(), show=_copyable.show_words(logs))
    return printed(console(how.width), parts(view, how))


def address_of(text: str) -> str:
    """Return an address in the form in which Zeek logs it. Raises `UsageError` for what is none."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise UsageError(f"{text!r} is no address; give one such as 10.20.1.15 or 2001:db8::25") from None
