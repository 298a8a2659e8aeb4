"""To a command of the operator's choice: the report on its standard input, what is in it in its environment."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO

from zeeksmtp.config import Settings
from zeeksmtp.delivery._contents import Contents
from zeeksmtp.delivery._parcel import Carrier, Parcel
from zeeksmtp.delivery_settings import ReportCommand
from zeeksmtp.errors import DeliveryError
from zeeksmtp.outputs._escape import cut, plain

_SAID = 300
"""How much of the end of what a command said is shown."""
_SUBJECT = 200


def _configured(settings: Settings) -> bool:
    return settings.report_command is not None


def _carry(parcel: Parcel, settings: Settings) -> None:
    command = settings.report_command
    assert command is not None  # noqa: S101 - for the type checker: `_configured` was asked
    # Files, not pipes: what a grandchild keeps open cannot hold us up, and no amount of words fills memory.
    with TemporaryFile() as report, TemporaryFile() as said:
        report.write(parcel.render(command.format).encode("utf-8", "backslashreplace"))
        report.seek(0)
        ended = _run(command, _environment(parcel, command), report, said)
        if ended != 0:
            raise DeliveryError(f"{_name(command)}: {_how(command, ended)}{_words(said)}; try it by hand")


def _environment(parcel: Parcel, command: ReportCommand) -> Mapping[str, str]:
    contents = Contents.of(parcel)
    told = {
        "REPORT_ID": parcel.id,
        "REPORT_FORMAT": command.format,
        "REPORT_SUBJECT": cut(plain(parcel.subject), _SUBJECT),
        "REPORT_SEVERITY": contents.worst or "none",
        "REPORT_FINDINGS": str(sum(contents.findings.values())),
        "REPORT_NEW": str(contents.new),
    }
    told |= {f"REPORT_{severity.upper()}": str(number) for severity, number in contents.findings.items()}
    # The mail server's password is none of the command's business.
    ours = {name: value for name, value in os.environ.items() if not name.upper().startswith("ZEEKSMTP_MAIL")}
    return ours | told


def _run(command: ReportCommand, environment: Mapping[str, str], report: IO[bytes], said: IO[bytes]) -> int | None:
    """Run the command to its end and give its exit code, or `None` if its time was up."""
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator's own words, and no shell
            command.run, stdin=report, stdout=subprocess.DEVNULL, stderr=said, env=environment, start_new_session=True
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DeliveryError(f"{_name(command)}: {reason}; check `run` in [report_command]") from error
    try:
        return process.wait(command.timeout_seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command with all that it started, if it has not ended by itself."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _name(command: ReportCommand) -> str:
    return f"report command {cut(plain(command.run[0]), _SAID)}"


def _how(command: ReportCommand, ended: int | None) -> str:
    if ended is None:
        return f"not done after {command.timeout_seconds} s"
    return f"ended by signal {-ended}" if ended < 0 else f"exit code {ended}"


def _words(said: IO[bytes]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(size - 4 * _SAID, 0))
    text = " ".join(plain(said.read().decode("utf-8", "backslashreplace").replace("\n", " ")).split())
    return f": {text[-_SAID:]}" if text else ""


CARRIER = Carrier("command", _configured, _carry)
