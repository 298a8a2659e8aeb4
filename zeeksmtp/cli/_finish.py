"""The end of a command that makes a report: show it or write it, sum it up, and return the exit code."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from zeeksmtp import whole_files
from zeeksmtp.cli import _say
from zeeksmtp.errors import ExitCode, UnusableError, UsageError
from zeeksmtp.model import Severity, View

if TYPE_CHECKING:
    from zeeksmtp.model import Output, Report


def check(target: Path | None) -> None:
    """Refuse a `target` that cannot be written, before the work and not after it."""
    if target is None:
        return
    if target.is_dir():
        raise UsageError(f"-o {target} is a folder; name a file in it")
    if not target.parent.is_dir():
        raise UsageError(f"-o {target}: there is no folder {target.parent}; make it first (mkdir -p)")
    if not os.access(target.parent, os.W_OK):
        raise UnusableError(f"-o {target}: the folder cannot be written; choose another or change its mode")


def form_of(form: str | None, target: Path | None) -> str:
    """Return the format that is wanted: by name, or by how the name of the file ends."""
    from zeeksmtp.delivery_settings import FORM_OF  # noqa: PLC0415 - `--help` must not load pydantic

    return form or FORM_OF.get(target.suffix if target else "", "terminal")


def finish(
    report: Report,
    *,
    form: str | None = None,
    target: Path | None = None,
    fail_on: Severity | None = None,
    pseudonymise: bool = False,
    quiet: bool = False,
    full: bool = False,
    show: str = "zeeksmtp show",
) -> ExitCode:
    """Render `report`, put it on stdout or into `target`, print the summary line, and return the exit code."""
    shown = pseudonymised(report) if pseudonymise else report
    output: Output = import_module(f"zeeksmtp.outputs.{form_of(form, target)}").OUTPUT
    text = output.render(shown, View(None if target else width(), full, show))
    if target is None:
        _say.out(text)
    else:
        write(target, [text])
    # Who has the report on the screen has read the summary at its head.
    _say.note(summary(report, target), quiet=quiet or (target is None and sys.stdout.isatty()))
    return verdict(report, fail_on)


def pseudonymised(report: Report) -> Report:
    """Return the report with every name replaced."""
    from zeeksmtp.outputs._pseudonyms import pseudonymise  # noqa: PLC0415 - rarely wanted

    return pseudonymise(report)


def width() -> int | None:
    """Return the columns of the terminal that stdout is, `None` if it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def write(target: Path, pieces: Iterable[str]) -> None:
    """Write `pieces` of a text to `target`: all of them or nothing, mode 0600."""
    try:
        if target.exists() and not target.is_file():
            # A device or a pipe: a rename would put a file in its place.
            with target.open("w", encoding="utf-8", errors="backslashreplace") as file:
                file.writelines(pieces)
        else:
            whole_files.write(target.resolve(), pieces)
    except OSError as error:
        raise UnusableError(f"-o {target}: {error.strerror}; choose another place or make room") from error


def summary(report: Report, target: Path | None) -> str:
    """Return a summary of the run in one line for the person who started it."""
    from zeeksmtp.outputs import _sentences  # noqa: PLC0415 - `--help` must not load pydantic's shapes

    place = f"; written to {target}" if target else ""
    lines = f"{report.inputs.totals.lines:,} lines in {report.run.seconds:.1f} s"
    return f"{_sentences.verdict(report).rstrip('.')}; read {lines}{place}"


def verdict(report: Report, fail_on: Severity | None) -> ExitCode:
    """Return the exit code: a finding at or above `fail_on` wins over a run that had errors."""
    if fail_on and any(finding.severity.rank >= fail_on.rank for finding in report.findings):
        return ExitCode.FINDINGS
    return ExitCode.DEGRADED if report.errors else ExitCode.OK
