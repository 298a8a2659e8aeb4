"""What goes to a person's eyes, on stderr; and the report itself, on stdout or in a file."""

import os
import sys

import typer

from zeeksmtp.escaping import cut, plain

_LIMIT = 1000


def trouble(text: str, code: int) -> int:
    """Print `text` as one line on stderr and give `code` back."""
    typer.echo(f"zeeksmtp: {one_line(text)}", err=True)
    return code


def one_line(text: str) -> str:
    """Return `text` as one line of bounded length in which nothing is a control character."""
    return cut(plain(" ".join(text.split())), _LIMIT)


def note(text: str, *, quiet: bool = False) -> None:
    """Print a line for someone who watches: only if stderr is a terminal and `quiet` is off."""
    if not quiet and sys.stderr.isatty():
        typer.echo(plain(text), err=True)


def out(text: str) -> bool:
    """Print `text` on stdout; what the locale cannot show is escaped. A reader who left early is no error."""
    try:
        encoding = sys.stdout.encoding or "utf-8"
        typer.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        discard()
        return False
    return True


def flush() -> None:
    """Flush stdout at the end, so that a closed pipe does not make the interpreter complain after us."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard()


def discard() -> None:
    """Let go of what stdout has not taken yet, and of all that follows."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
