"""The end of a command that makes a report: show it or write it, sum it up, and return the exit code."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import zeeksmtp.outputs
from zeeksmtp import registry, whole_files
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


def check_all(targets: Sequence[Path] | None, form: str | None) -> None:
    """Refuse targets that cannot be written, two of one name, and one format for several."""
    several = targets or ()
    if form and len(several) > 1:
        raise UsageError("--format is for one FILE; several take their formats from their names (report.html)")
    if len({target.resolve() for target in several}) < len(several):
        raise UsageError("two -o name the same file; give each report a file of its own")
    for target in several:
        check(target)


def form_of(form: str | None, target: Path | None) -> str:
    """Return the format that is wanted: by name, or by how the name of the file ends."""
    from zeeksmtp.delivery_settings import FORM_OF  # noqa: PLC0415 - `--help` must not load pydantic

    return form or FORM_OF.get(target.suffix if target else "", "terminal")


def finish(
    report: Report,
    *,
    form: str | None = None,
    targets: Sequence[Path] = (),
    fail_on: Severity | None = None,
    pseudonymise: bool = False,
    quiet: bool = False,
    full: bool = False,
    show: str = "zeeksmtp show",
) -> ExitCode:
    """Render `report`, put it on stdout or into each of `targets`, print the summary, and return the exit code."""
    shown = pseudonymised(report) if pseudonymise else report
    for target in targets or (None,):
        output: Output = registry.unit(zeeksmtp.outputs, form_of(form, target), "OUTPUT")
        text = output.render(shown, View(None if target else width(), full, show))
        if target is None:
            _say.out(text)
        else:
            write(target, [text])
    # Who has the report on the screen has read the summary at its head.
    _say.note(summary(report, *targets), quiet=quiet or (not targets and sys.stdout.isatty()))
    return verdict(report, fail_on)


def pseudonymised(report: Report) -> Report:
    """Return the report with every name replaced."""
    from zeeksmtp.rendering.pseudonyms import pseudonymise  # noqa: PLC0415 - rarely wanted

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


def summary(report: Report, *targets: Path) -> str:
    """Return a summary of the run in one line for the person who started it."""
    from zeeksmtp.rendering import sentences  # noqa: PLC0415 - `--help` must not load pydantic's shapes

    place = f"; written to {', '.join(map(str, targets))}" if targets else ""
    lines = f"{report.inputs.totals.lines:,} lines in {report.run.seconds:.1f} s"
    return f"{sentences.verdict(report).rstrip('.')}; read {lines}{place}"


def verdict(report: Report, fail_on: Severity | None) -> ExitCode:
    """Return the exit code: a finding at or above `fail_on` wins over a run that had errors."""
    if fail_on and any(finding.severity.rank >= fail_on.rank for finding in report.findings):
        return ExitCode.FINDINGS
    return ExitCode.DEGRADED if report.errors else ExitCode.OK
