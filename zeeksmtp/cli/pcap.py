"""`zeeksmtp pcap`: captures in, report out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zeeksmtp.cli import _finish, _options, _request, _zeek
from zeeksmtp.errors import ExitCode, NoInputError, UnreadableFileError
from zeeksmtp.model import Command
from zeeksmtp.private_folders import private_folder

if TYPE_CHECKING:
    from zeeksmtp.model import Report

_Captures = Annotated[list[Path], typer.Argument(metavar="FILE…", help="Captures (pcap, pcapng).", show_default=False)]


def pcap(
    captures: _Captures,
    *,
    form: _options.Format = None,
    outputs: _options.Outs = None,
    local_net: _options.LocalNet = None,
    config: _options.Config = None,
    full: _options.Full = False,
    fail_on: _options.FailOn = None,
    pseudonymise: _options.Pseudonymise = False,
    quiet: _options.Quiet = False,
) -> ExitCode:
    """Run Zeek with the bundled scripts over captures, then report on its logs.

    Exit code 4: a capture could not be read (the report says which); 5: Zeek is not installed.

    \b
    Examples:
      zeeksmtp pcap incident.pcap
      zeeksmtp pcap *.pcapng --local-net 10.0.0.0/8 --format html -o report.html
    """
    _finish.check_all(outputs, form)
    settings = _request.settings(config, local_net)
    for capture in captures:
        if not capture.is_file():
            raise NoInputError(f"{capture}: no such capture")
    _zeek.zeek()
    with private_folder() as folder:
        notes, failed, places = _analyse(captures, folder)
        over_logs = _request.report_of(list(places), settings, quiet=quiet, complete=True)
        report = _about_captures(over_logs, places, notes, failed)
    return _finish.finish(
        report, form=form, targets=outputs or (), fail_on=fail_on, pseudonymise=pseudonymise, quiet=quiet, full=full
    )


def _analyse(captures: list[Path], folder: Path) -> tuple[list[str], dict[Path, str], dict[Path, Path]]:
    """Return notes, what failed, and the folder of logs with its capture; raise if nothing could be read."""
    notes: list[str] = []
    failed: dict[Path, str] = {}
    places: dict[Path, Path] = {}
    for number, capture in enumerate(captures):
        place = folder / str(number)
        try:
            notes += _zeek.analyse(capture, place)
        except UnreadableFileError as error:
            failed[capture] = str(error)
            continue
        places[place] = capture
    if not places:
        raise UnreadableFileError("; ".join(failed.values()))
    return notes, failed, places


def _about_captures(report: Report, places: dict[Path, Path], notes: list[str], failed: dict[Path, str]) -> Report:
    """Name captures where the report names temporary folders, and say what was left out."""
    from zeeksmtp.model import Problem  # noqa: PLC0415 - `--help` must not load pydantic's shapes

    def named(path: str) -> str:
        for place, capture in places.items():
            if Path(path).is_relative_to(place):
                return str(capture / Path(path).relative_to(place))
        return path

    files = tuple(file.model_copy(update={"path": named(file.path)}) for file in report.inputs.files)
    problems = tuple(Problem(where=str(capture), what=text) for capture, text in failed.items())
    coverage = report.coverage.model_copy(update={"notes": (*report.coverage.notes, *notes)})
    inputs = report.inputs.model_copy(update={"files": files})
    return report.model_copy(update={"inputs": inputs, "coverage": coverage, "errors": (*report.errors, *problems)})


COMMAND = Command("pcap", pcap)
