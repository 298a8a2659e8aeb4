"""The end of a command that makes a report: show it or write it, sum it up, and give the exit code."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from zeeksmtp import whole_files
from zeeksmtp.cli import _say
from zeeksmtp.errors import ExitCode, UnusableError, UsageError
from zeeksmtp.model import Severity

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


def finish(
    report: Report,
    *,
    form: str = "terminal",
    target: Path | None = None,
    fail_on: Severity | None = None,
    pseudonymise: bool = False,
    quiet: bool = False,
) -> ExitCode:
    """Render `report`, put it on stdout or into `target`, print the summary line, and give the exit code."""
    shown = _pseudonymised(report) if pseudonymise else report
    output: Output = import_module(f"zeeksmtp.outputs.{form}").OUTPUT
    if target is None:
        all(map(_say.out, _pieces(output, shown, _width())))  # until the reader leaves
    else:
        write(target, _pieces(output, shown))
    # Who has the report on the screen has read the summary at its head.
    _say.note(summary(report, target), quiet=quiet or (target is None and sys.stdout.isatty()))
    return verdict(report, fail_on)


def _pseudonymised(report: Report) -> Report:
    from zeeksmtp.outputs._pseudonyms import pseudonymise  # noqa: PLC0415 - rarely wanted

    return pseudonymise(report)


def _width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _pieces(output: Output, report: Report, width: int | None = None) -> Iterable[str]:
    return [output.render(report, width)] if output.pieces is None else output.pieces(report)


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
    """Sum the run up in one line for the person who started it."""
    by_severity = Counter(finding.severity for finding in report.findings)
    counts = ", ".join(f"{by_severity[s]} {s}" for s in reversed(Severity) if by_severity[s])
    place = f"; written to {target}" if target else ""
    lines = f"{report.inputs.totals.lines:,} lines in {report.run.seconds:.1f} s"
    return f"findings: {counts or 'none'}; incidents: {len(report.incidents)}; read {lines}{place}"


def verdict(report: Report, fail_on: Severity | None) -> ExitCode:
    """Give the exit code: a finding at or above `fail_on` wins over a run that had errors."""
    if fail_on and any(finding.severity.rank >= fail_on.rank for finding in report.findings):
        return ExitCode.FINDINGS
    return ExitCode.DEGRADED if report.errors else ExitCode.OK
