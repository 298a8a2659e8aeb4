"""A command of the operator's choice: the report on its standard input, a summary in its environment."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO

from zeeksmtp.config import Settings
from zeeksmtp.delivery._summary import ReportSummary
from zeeksmtp.delivery._transport import Transport
from zeeksmtp.delivery_settings import ReportCommand
from zeeksmtp.envelope import Envelope
from zeeksmtp.errors import DeliveryError
from zeeksmtp.escaping import cut, plain
from zeeksmtp.model import View

MAX_SHOWN_CHARACTERS = 300
"""Of the end of what a failed command wrote on stderr, and of its name."""
MAX_SUBJECT_CHARACTERS = 200
MAX_STDERR_BYTES = 1 << 24
"""Of stderr that are kept on the disk, about."""
_LOOK_SECONDS = 0.2
_SECRET_VARIABLES = ("ZEEKSMTP_MAIL", "ZEEKSMTP_WEBHOOKS")


def _destinations(settings: Settings) -> list[str]:
    return [""] * (settings.report_command is not None)


def _send(envelope: Envelope, settings: Settings, _destination: str) -> None:
    command = settings.report_command
    assert command is not None  # noqa: S101 - for the type checker: `_destinations` has one
    # Files, not pipes: what a grandchild keeps open cannot hold us up, and no amount of words fills memory.
    with TemporaryFile() as report, TemporaryFile() as stderr:
        report.write(envelope.render(command.format, View()).encode("utf-8", "backslashreplace"))
        report.seek(0)
        ended = _run(command, _environment(envelope, command), report, stderr)
        if ended != 0:
            raise DeliveryError(f"{_name(command)}: {_how(command, ended)}{_last_words(stderr)}; try it by hand")


def _environment(envelope: Envelope, command: ReportCommand) -> Mapping[str, str]:
    summary = ReportSummary.of(envelope)
    ours = {
        "REPORT_ID": envelope.id,
        "REPORT_FORMAT": command.format,
        "REPORT_SUBJECT": cut(plain(envelope.subject), MAX_SUBJECT_CHARACTERS),
        "REPORT_SEVERITY": summary.worst or "none",
        "REPORT_INCIDENTS": str(summary.incidents),
        "REPORT_FINDINGS": str(sum(summary.findings.values())),
        "REPORT_NEW": str(summary.new),
    }
    ours |= {f"REPORT_{severity.upper()}": str(number) for severity, number in summary.findings.items()}
    # Passwords and tokens of other transports are none of the command's business.
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith(_SECRET_VARIABLES)}
    return inherited | ours


def _run(command: ReportCommand, environment: Mapping[str, str], report: IO[bytes], stderr: IO[bytes]) -> int | None:
    """Run the command to its end and return its exit code, or `None` after the timeout."""
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator's own words, and no shell
            command.run, stdin=report, stdout=subprocess.DEVNULL, stderr=stderr, env=environment, start_new_session=True
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DeliveryError(f"{_name(command)}: {reason}; check `run` in [report_command]") from error
    try:
        return _wait(process, command.timeout_seconds, stderr)
    finally:
        _kill(process)


def _wait(process: subprocess.Popen[bytes], seconds: float, stderr: IO[bytes]) -> int | None:
    """Wait for the end; meanwhile keep what the command says from filling the disk."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if os.fstat(stderr.fileno()).st_blocks * 512 > MAX_STDERR_BYTES:
            os.ftruncate(stderr.fileno(), 0)  # the command writes on behind the gap, which takes no room
        with suppress(subprocess.TimeoutExpired):
            return process.wait(min(left, _LOOK_SECONDS))
    return None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the command with all that it started, if it has not ended by itself."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _name(command: ReportCommand) -> str:
    return f"report command {cut(plain(command.run[0]), MAX_SHOWN_CHARACTERS)}"


def _how(command: ReportCommand, ended: int | None) -> str:
    if ended is None:
        return f"not done after {command.timeout_seconds} s"
    return f"ended by signal {-ended}" if ended < 0 else f"exit code {ended}"


def _last_words(stderr: IO[bytes]) -> str:
    size = stderr.seek(0, os.SEEK_END)
    stderr.seek(max(size - 4 * MAX_SHOWN_CHARACTERS, 0))
    text = " ".join(plain(stderr.read().decode("utf-8", "backslashreplace").replace("\n", " ")).split())
    return f": {text[-MAX_SHOWN_CHARACTERS:].lstrip()}" if text else ""


TRANSPORT = Transport("command", _destinations, _send)
