"""One log file that is being written: what of it was read, and the reader that knows its header."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Final, NamedTuple

from zeeksmtp.reading.columns import Batch
from zeeksmtp.reading.json_rows import JsonReader
from zeeksmtp.reading.line_blocks import LONGEST_LINE, Block
from zeeksmtp.reading.slice import sliced
from zeeksmtp.reading.sniff import Kind, sniff
from zeeksmtp.reading.tsv_rows import TsvReader

_HEAD_BYTES: Final = 1 << 16
_CONTEXT_BYTES: Final = 4096  # kept of what was read last, to tell a file that was written anew: many lines end alike


class ReadPosition(NamedTuple):
    """How far a file was read, and the bytes before it: an inode alone may be another file by now."""

    offset: int = 0
    before: bytes = b""


class Tail:
    """A file, followed by its descriptor whatever it is called by now. Lines are taken when their LF is there.

    Methods raise `OSError` where the file system fails (a stale network file, say): then it is to be closed.
    """

    def __init__(self, path: Path, file: FileIO, kind: Kind) -> None:
        if kind.log is None:
            raise ValueError(f"{path} is no log")
        self.path = path
        self.behind = False
        self._file = file
        self._reader = TsvReader(kind.log) if kind.format == "tsv" else JsonReader(kind.log)
        self._place = ReadPosition()
        self._state = (0, 0)
        self._dropping = False

    @property
    def place(self) -> ReadPosition:
        """Notify how far the file was read."""
        return self._place

    @property
    def problem(self) -> str | None:
        """Say why its rows cannot be used, if so."""
        return self._reader.problem

    def skip(self, to: ReadPosition | int) -> None:
        """Pass over what is there: up to a place that was read before, or the last whole line of so many bytes."""
        head = os.pread(self._file.fileno(), _HEAD_BYTES, 0)
        if lines := head.count(b"\n"):
            for header in sliced([Block(head[: head.rfind(b"\n") + 1], 1, lines)], lines):
                deque(self._reader.feed(header), 0)
        if isinstance(to, ReadPosition):
            self._place = to
        else:
            self._at(self._last_line(to))

    def read(self, max_bytes: int) -> Iterator[Batch]:
        """Yield what the lines give that have become whole; at most about `max_bytes`, then `behind` is true."""
        status = os.fstat(self._file.fileno())
        state = (status.st_size, status.st_mtime_ns)
        if state == self._state and not self.behind:
            return
        if self._changed(status.st_size):
            self._start_over()
        until = self._place.offset + max_bytes
        while self._place.offset < until and (data := self._lines()) is not None:
            yield from self._fed(data)
        self.behind = self._place.offset >= until
        self._state = state
        yield from self._reader.finish()

    def close(self) -> Iterator[Batch]:
        """Close the file; yield what a last line without LF gives."""
        try:
            rest = self._ahead().lstrip(b"\0")
            if rest and not self._dropping:
                yield from self._reader.feed(Block(rest, 1, half=True))
            yield from self._reader.finish()
        finally:
            self._file.close()

    def _ahead(self) -> bytes:
        return os.pread(self._file.fileno(), LONGEST_LINE, self._place.offset)

    def _at(self, offset: int) -> None:
        start = max(offset - _CONTEXT_BYTES, 0)
        self._place = ReadPosition(offset, os.pread(self._file.fileno(), offset - start, start))

    def _changed(self, size: int) -> bool:
        """Notify whether the content that was read is gone: the file was truncated, and perhaps written anew."""
        offset, before = self._place
        return size < offset or os.pread(self._file.fileno(), len(before), offset - len(before)) != before

    def _start_over(self) -> None:
        """Go to the beginning; the header stays, as after a truncation the writer goes on with plain rows.

        Zeek does not open its logs for appending: it goes on where it was, and leaves a hole before that.
        """
        try:
            start = os.lseek(self._file.fileno(), 0, os.SEEK_DATA)
        except OSError:  # nothing but a hole, or a file system without them
            start = 0
        self._place, self._dropping = ReadPosition(start), False

    def _last_line(self, size: int) -> int:
        """Return where the last whole line of the first `size` bytes ends."""
        end = size
        while end > 0:
            start = max(end - _HEAD_BYTES, 0)
            found = os.pread(self._file.fileno(), end - start, start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
        return 0

    def _lines(self) -> bytes | None:
        """Return the next whole lines, empty if the bytes hold none; `None` at the end of the file."""
        data = self._ahead()
        cut = data.rfind(b"\n") + 1
        if not cut and len(data) < LONGEST_LINE:
            return None
        self._at(self._place.offset + (cut or len(data)))
        if not cut:
            # Too long for a line: it is dropped up to its end. What holds but NULs is padding.
            self._dropping = self._dropping or bool(data.strip(b"\0"))
            return b""
        begin = data.find(b"\n") + 1 if self._dropping else 0
        self._dropping = False
        return data[begin:cut].lstrip(b"\0")

    def _fed(self, data: bytes) -> Iterator[Batch]:
        if data:
            yield from self._reader.feed(Block(data, 1, data.count(b"\n")))  # nobody asks for the lines' numbers


def opened(path: Path) -> tuple[FileIO, os.stat_result]:
    """Open a file to follow; return it and its status. Raises `OSError`."""
    # O_NONBLOCK: should it have become a FIFO since it was found, opening it must not hang
    file = FileIO(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb")
    return file, os.fstat(file.fileno())


def kind_of(path: Path, file: FileIO) -> Kind | None:
    """Detect what a file is; `None` while too little of it is written, or if `path` is another file by now."""
    head = os.pread(file.fileno(), _HEAD_BYTES, 0)
    whole = head[: head.rfind(b"\n") + 1].splitlines()
    if len(head) < _HEAD_BYTES and not any(line[:1] != b"#" or line.startswith(b"#fields") for line in whole):
        return None
    kind = sniff(path)
    try:
        return kind if os.path.samestat(path.stat(), os.fstat(file.fileno())) else None
    except FileNotFoundError:
        return None
