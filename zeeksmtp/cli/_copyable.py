"""Commands that a reader of the report can copy: the words of this run, quoted for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from zeeksmtp.cli import _streams


def show_words(paths: Sequence[Path], **options: object) -> str:
    """Return `zeeksmtp show` with the paths and options of this run; the number goes after `show`."""
    return shlex.join(["zeeksmtp", "show", *map(_path, paths), *_options(options.items())])


def _path(path: Path) -> str:
    # A name that begins with a dash would be taken for an option.
    return f"./{path}" if str(path).startswith("-") and str(path) != "-" else _streams.shown(path)


def _options(options: Iterable[tuple[str, object]]) -> Iterable[str]:
    for name, value in options:
        flag = f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, list) else [value]:
            if one is True:
                yield flag
            elif one is not None and one is not False:
                yield f"{flag}={one}"
