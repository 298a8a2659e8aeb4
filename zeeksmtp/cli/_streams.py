"""Logs from a pipe, spooled to a file without a name: it can be read twice, and it ends with the process."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import IO, BinaryIO, Final

from zeeksmtp.errors import UnusableError, UsageError

MAX_STREAM_BYTES: Final = 100 << 30
"""As much as a packed file may unpack to by default."""
_PIECE_BYTES: Final = 1 << 20
STDIN: Final = Path("/dev/stdin")
_spools: list[IO[bytes]] = []
"""Files without a name last as long as they are open: to the end of the process."""


def as_files(paths: list[Path]) -> list[Path]:
    """Return `paths` with every pipe among them spooled; `-` is standard input, and becomes `/dev/stdin`."""
    return [_as_file(path) for path in dict.fromkeys(STDIN if path == Path("-") else path for path in paths)]


def shown(path: Path) -> str:
    """Return how a path is written in a command line: standard input as `-`."""
    return "-" if path == STDIN else str(path)


def _as_file(path: Path) -> Path:
    if path == STDIN and sys.stdin.isatty():
        raise UsageError("standard input is a terminal; pipe logs into it, or name files or folders")
    if not (path == STDIN or _is_pipe(path)):
        return path
    try:
        with path.open("rb", buffering=0) as stream:
            kept = spool(stream, str(path))
    except OSError as error:
        raise UnusableError(f"{path}: {error.strerror}; give the logs as files") from error
    _spools.append(kept)
    if path == STDIN:
        os.dup2(kept.fileno(), sys.stdin.fileno())
        return path
    return Path(f"/dev/fd/{kept.fileno()}")


def _is_pipe(path: Path) -> bool:
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False


def spool(stream: BinaryIO | IO[bytes], name: str) -> IO[bytes]:
    """Return a file without a name that holds all of `stream`, as it came.

    Raises:
        UnusableError: There is more of it than `MAX_STREAM_BYTES`.
    """
    with tempfile.TemporaryFile() as unnamed:
        size = 0
        while piece := stream.read(_PIECE_BYTES):
            size += len(piece)
            if size > MAX_STREAM_BYTES:
                raise UnusableError(f"{name} is longer than {MAX_STREAM_BYTES >> 30} GiB; give the logs as files")
            unnamed.write(piece)
        unnamed.flush()
        return os.fdopen(os.dup(unnamed.fileno()), "rb")
