"""The program: finds the commands, runs one, and turns every way it can end into an exit code and at most one line."""

import gc
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

import zeeksmtp.cli
from zeeksmtp import __version__, registry
from zeeksmtp.cli import _logging, _say
from zeeksmtp.errors import ExitCode, ZeekSmtpError
from zeeksmtp.model import Command

GC_THRESHOLD_OBJECTS = 1_000_000
INTERRUPTED = 130
"""What a shell reports for a program that SIGINT ended."""
_logger = logging.getLogger(__name__)
_LOOK: Mapping[str, Any] = {
    "no_args_is_help": True,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zeeksmtp {__version__}")
        raise typer.Exit


def _program(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Find plaintext SMTP logins, user enumeration and odd outbound mail in Zeek logs.

    \b
    Examples:
      zeeksmtp report /opt/zeek/logs/current
      zeeksmtp report /opt/zeek/logs --since 2026-11-22 --format json -o report.json
      zeeksmtp detectors explain user-enumeration
    """


def build(first: str = "") -> typer.Typer:
    """Make the program out of every file of this folder that defines a `COMMAND`.

    If `first`, the first word, is such a command, it is made alone: nobody asks for the others.
    """
    program = typer.Typer(**_LOOK)
    program.callback()(_program)
    wanted = first.replace("-", "_")
    for module, command in registry.discover(zeeksmtp.cli, "COMMAND", wanted).items():
        _add(program, command, sys.modules[f"zeeksmtp.cli.{module}"].__doc__ or "")
    return program


def _add(program: typer.Typer, command: Command, doc: str) -> None:
    if not isinstance(command.run, Mapping):
        program.command(command.name)(_logging.logged(command.run))
        return
    group = typer.Typer(**_LOOK, help=doc)
    for name, run in command.run.items():
        group.command(name)(_logging.logged(run))
    program.add_typer(group, name=command.name)


def main() -> None:
    """Run the program with the process's own words and end the process."""
    # Imports and models create many objects that stay. Not looking through them for cycles, neither while they are
    # created nor at the end, takes 0.1 s off the 0.8 s of a small report; OpenBLAS' threads, which spin while they
    # wait for matrices that nothing here has, cost as much.
    gc.set_threshold(GC_THRESHOLD_OBJECTS)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # What ends us politely is to find us tidy: the temporary lake holds mail addresses.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = run()
    gc.freeze()
    sys.exit(code)


def run(words: Sequence[str] | None = None) -> int:
    """Run the program with `words` (default: the process's own) and give its exit code."""
    try:
        return _guarded(words)
    finally:
        _say.flush()


def _guarded(words: Sequence[str] | None) -> int:
    try:
        program = typer.main.get_command(build(*(sys.argv[1:] if words is None else words)[:1]))
        code = program.main(words, prog_name="zeeksmtp", standalone_mode=False)
    except ZeekSmtpError as error:
        return _say.trouble(str(error), error.exit_code)
    except typer.TyperException as error:
        return _misused(error)
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last guard: a traceback on the screen is a bug
        return _broken(error)
    if code == INTERRUPTED:
        return _say.trouble("interrupted", INTERRUPTED)
    return int(code or ExitCode.OK)


def _misused(error: typer.TyperException) -> int:
    text = error.format_message()
    if text.startswith("Usage:"):
        # No words at all: the help is the answer.
        typer.echo(text, err=True)
        return ExitCode.USAGE
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "zeeksmtp"
    return _say.trouble(f"{text.rstrip('.')}; `{path} --help` shows how it is used", ExitCode.USAGE)


def _broken(error: Exception) -> int:
    if isinstance(error, OSError):
        return _say.trouble(f"{error}; make room or give access, then run again", ExitCode.UNUSABLE)
    _logger.critical("internal error", exc_info=error)
    remedy = "run again with --debug for the traceback and report it as a bug"
    return _say.trouble(f"internal error, {_logging.described(error)}; {remedy}", ExitCode.INTERNAL)
