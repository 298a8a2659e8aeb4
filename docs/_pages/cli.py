"""docs/cli.md: every command with its options and examples, the exit codes, and what else steers the program."""

import inspect
from collections.abc import Iterable
from typing import Any

import typer

from docs._pages._markdown import code, table
from docs._pages._markdown import page as whole
from zeeksmtp.cli import _logging, app
from zeeksmtp.errors import ExitCode

PAGE = "cli.md"
CODES = {
    ExitCode.OK: "ran; rejected lines alone change nothing",
    ExitCode.INTERNAL: "internal error: a bug",
    ExitCode.USAGE: "the command's words are off",
    ExitCode.NO_INPUT: "a PATH does not exist, or nothing under it is a log that can be used",
    ExitCode.DEGRADED: "finished, but a file could not be read or a unit failed; the report says which",
    ExitCode.UNUSABLE: "config, state or a needed program cannot be used, or another run holds the lock",
    ExitCode.FINDINGS: "findings at or above `--fail-on`; wins over 4",
}
INTRO = """The report goes to stdout or into a file; progress, summary and errors go to stderr. Colour, progress and
summary need a terminal. An error is one line that names its remedy."""
VARIABLES = {
    "NO_COLOR": "if set, no colour.",
    "ZEEKSMTP_…": "settings, as in the config file.",
    "TMPDIR": "where `report` keeps what it reads while it runs.",
}
LOGGING = """Every command has these options. A traceback names files and lines of code and the type of the error;
what a log line held is not repeated."""
COMPLETION = """The wheel installs completion of commands, options, formats and engines for bash, zsh and fish under
`share/` of its environment, beside the man page `zeeksmtp(1)`; system packages and `pipx` make them known.
`zeeksmtp --install-completion` does it for the shell you are in."""


def commands(command: Any, path: str) -> Iterable[tuple[str, Any]]:
    """Walk the tree of commands: each with its full name."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{path} {name}")


def _section(path: str, command: Any) -> Iterable[str]:
    text, _, examples = inspect.cleandoc(command.help or "").partition("\b\nExamples:\n")
    yield f"## {path}"
    yield from text.strip().split("\n\n")
    yield f"```text\n{usage(path, command)}\n```"
    if rows := list(options(command)):
        yield table(("", ""), rows)
    if examples:
        yield f"```sh\n{inspect.cleandoc(examples)}\n```"


def usage(path: str, command: Any) -> str:
    """Return how a command is called, in one line."""
    arguments = [p.metavar or p.name.upper() for p in command.params if p.param_type_name == "argument"]
    rest = "COMMAND" if hasattr(command, "commands") else ""
    return f"{path} [OPTIONS] {' '.join(arguments) or rest}".rstrip()


def options(command: Any) -> Iterable[tuple[str, str]]:
    """Yield words and meaning of each option of its own, and of each argument."""
    for param in command.params:
        if not getattr(param, "hidden", False) and param.name not in _logging.SWITCHES:
            yield option(param)


def option(param: Any) -> tuple[str, str]:
    """Return the words of an option or argument, and what it means."""
    if param.param_type_name == "argument":
        return code(param.metavar or param.name.upper()), param.help or ""
    words = ", ".join(param.opts) + (f" {param.metavar}" if param.metavar else "")
    default = param.default if isinstance(param.default, str) else None
    notes = [f"Default: {default}."] if default else []
    return code(words), " ".join([param.help or "", *notes, *(["Required."] if param.required else [])])


def page() -> str:
    """Return the page."""
    tree = list(commands(typer.main.get_command(app.build()), "zeeksmtp"))
    sections = [block for path, command in tree for block in _section(path, command)]
    (report,) = [command for path, command in tree if path == "zeeksmtp report"]
    switches = [option(param) for param in report.params if param.name in _logging.SWITCHES]
    codes = table(("exit code", "means"), [(str(int(c)), CODES[c]) for c in ExitCode])
    return whole(
        "Command line",
        INTRO,
        *sections,
        "## Logging",
        LOGGING,
        table(("", ""), switches),
        "## Exit codes",
        codes,
        "## Environment",
        "\n".join(f"- {code(name)}: {meaning}" for name, meaning in VARIABLES.items()),
        "## Completion",
        COMPLETION,
    )
