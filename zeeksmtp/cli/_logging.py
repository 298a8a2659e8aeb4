"""The switches -v, --debug and --log-file, which every command has, and what they do to `logging`."""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Callable, Mapping
from functools import wraps
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zeeksmtp.errors import UnusableError
from zeeksmtp.escaping import plain

if TYPE_CHECKING:
    from types import TracebackType

MAX_LOG_FILE_BYTES = 5_000_000
PACKAGE = "zeeksmtp"
SWITCHES: Mapping[str, tuple[Any, Any]] = {
    "verbose": (Annotated[bool, typer.Option("--verbose", "-v", help="Log progress to stderr.")], False),
    "debug": (Annotated[bool, typer.Option("--debug", help="Log details and tracebacks to stderr.")], False),
    "log_file": (
        Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="Append the log to FILE, tracebacks of what failed included."),
        ],
        None,
    ),
}
"""Annotation and default of each option, by the name of the parameter of `configure`."""
# Their texts name files, modules and attributes; those of other exceptions may quote a log line, secrets and all.
HARMLESS_ERRORS = (OSError, ImportError, AttributeError, TypeError, NotImplementedError)


class SafeFormatter(logging.Formatter):
    """One line per record, and tracebacks without what a logged string said: frames, and the type of the error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text; the strings in it are escaped, and a traceback has one line per frame."""
        """Return the record as text."""
        record.message, record.asctime = plain(record.getMessage()), self.formatTime(record)
        lines = [self.formatMessage(record)]
        if record.exc_info and record.exc_info[1] is not None:
            lines += [*_frames(record.exc_info[2]), described(record.exc_info[1])]
        return "\n".join(lines)


def _frames(trace: TracebackType | None) -> list[str]:
    return [line.rstrip("\n") for line in traceback.format_tb(trace)]


def described(error: BaseException) -> str:
    """Return the type of an error, with its text if that cannot quote a log line."""
    text = f": {plain(str(error))}" if isinstance(error, HARMLESS_ERRORS) else ""
    return f"{type(error).__name__}{text}"


def configure(*, verbose: bool, debug: bool, log_file: Path | None) -> None:
    """Send the records of this package to standard error (from `info` or `debug` on) and to a file.

    Args:
        verbose: Show progress: records of level info and above.
        debug: Show everything.
        log_file: A file to append to, info and above (with `debug` everything); it is rotated once at
            `MAX_LOG_FILE_BYTES`.

    Raises:
        UnusableError: The file cannot be written.
    """
    logger = logging.getLogger(PACKAGE)
    for handler in [h for h in logger.handlers if not isinstance(h, logging.NullHandler)]:
        logger.removeHandler(handler)
        handler.close()
    logging.raiseExceptions = False  # a full disk must not print a second error for each record
    handlers: list[logging.Handler] = [logging.StreamHandler()] if verbose or debug else []
    if log_file is not None:
        handlers.append(_file_handler(log_file))
    for handler in handlers:
        handler.setFormatter(SafeFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debug else logging.INFO if handlers else logging.NOTSET)


def _file_handler(path: Path) -> logging.Handler:
    try:
        path.touch(mode=0o600)
        return RotatingFileHandler(path, maxBytes=MAX_LOG_FILE_BYTES, backupCount=1, encoding="utf-8")
    except OSError as error:
        raise UnusableError(f"--log-file {path}: {error.strerror}; choose another place or make the folder") from error


def logged(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command's function with the switches of this module as further options."""
    signature = inspect.signature(run, eval_str=True)
    switches = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in SWITCHES.items()
    ]

    @wraps(run)
    def configured(*args: Any, **given: Any) -> Any:
        configure(**{name: given.pop(name) for name in SWITCHES})
        return run(*args, **given)

    configured.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), *switches]
    )
    return configured
