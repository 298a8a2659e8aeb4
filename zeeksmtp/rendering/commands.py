"""Commands for a reader to copy: the one that shows an entry, the one that shows a connection."""

from __future__ import annotations

import shlex
from itertools import takewhile

from zeeksmtp.model import View

_SHOW = "zeeksmtp show"


def show_command(view: View, reference: int | str) -> str:
    """Return the command that shows one incident or finding in full."""
    return f"{_SHOW} {reference}{view.show.removeprefix(_SHOW)}"


def session_command(view: View, uid: str) -> str:
    """Return the command that shows one connection."""
    return entity_command(view, "session", uid)


def entity_command(view: View, name: str, entity: str) -> str:
    """Return a command about one connection or host: the paths of `view.show` are its words before the options."""
    paths = takewhile(lambda word: not word.startswith("--"), shlex.split(view.show.removeprefix(_SHOW)))
    # A uid can begin with a dash: what follows `--` is no option.
    return f"zeeksmtp {name} {'-- ' * entity.startswith('-')}{shlex.quote(entity)} {shlex.join(paths) or 'PATH'}"
