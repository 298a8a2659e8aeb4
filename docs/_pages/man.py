"""docs/man/zeeksmtp.1: the man page, of the same command tree as docs/cli.md."""

import inspect
from collections.abc import Iterable
from typing import Any

import typer

from docs._pages import _roff, cli
from zeeksmtp import __version__
from zeeksmtp.cli import _logging, app
from zeeksmtp.config import PLACES

PAGE = "man/zeeksmtp.1"
NAME = "zeeksmtp \\- find cleartext logins, address harvesting and mail\\-sending malware in Zeek logs"
FILES = "The first that is there is the config, unless `--config` names another."
SEE_ALSO = ("https://github.com/zeeksmtp/zeeksmtp", "zeek(8)")


def _command(path: str, command: Any) -> str:
    words, _, examples = inspect.cleandoc(command.help or "").partition("\b\nExamples:\n")
    blocks = [f".PP\n{_roff.text(f'`{cli.usage(path, command)}`')}", *_roff.paragraphs(words)]
    blocks += _roff.definitions(cli.options(command))
    if examples:
        blocks.append(_roff.literal(inspect.cleandoc(examples)))
    return _roff.subsection(path, *blocks)


def _commands(tree: Iterable[tuple[str, Any]]) -> Iterable[str]:
    return (_command(path, command) for path, command in tree)


def page() -> str:
    """Return the page."""
    root, *tree = cli.commands(typer.main.get_command(app.build()), "zeeksmtp")
    words, _, examples = inspect.cleandoc(root[1].help).partition("\b\nExamples:\n")
    (report,) = [command for path, command in tree if path == "zeeksmtp report"]
    switches = [cli.option(param) for param in report.params if param.name in _logging.SWITCHES]
    sections = [
        _roff.section("Name", NAME),
        _roff.section("Synopsis", _roff.text(f"`{cli.usage(*root)}`")),
        _roff.section("Description", *_roff.paragraphs(f"{words}\n\n{cli.INTRO}")),
        _roff.section("Options", *_roff.definitions([*cli.options(root[1]), *switches])),
        _roff.section("Commands", *_commands(tree)),
        _roff.section("Exit status", *_roff.definitions((str(int(c)), cli.CODES[c]) for c in cli.CODES)),
        _roff.section("Environment", *_roff.definitions(cli.VARIABLES.items())),
        _roff.section("Files", _roff.text(", ".join(map(str, PLACES))), *_roff.paragraphs(FILES)),
        _roff.section("Examples", _roff.literal(inspect.cleandoc(examples))),
        _roff.section("See also", _roff.text(", ".join(SEE_ALSO))),
    ]
    head = f'.\\" Made by `make docs` from the code.\n.TH ZEEKSMTP 1 "" "zeeksmtp {__version__}" "User Commands"'
    return "\n".join([head, *sections]) + "\n"
