"""Blocks of whole lines out of any file, with their line numbers, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from zeeksmtp.reading.decompress import HEAD, DamagedError, TrailingError, cannot_unpack, packing, unpacked
from zeeksmtp.reading.torn import count_byte

BLOCK: Final = 1 << 22
MAX_BLOCK_LINES: Final = 1 << 17
MAX_UNPACKED_GIB: Final = 100.0
"""What a packed file may unpack to, unless the settings say otherwise: an hour of logs of a large site has ten."""
_GIB: Final = 1 << 30
LONGEST_LINE: Final = 1 << 24
"""Zeek drops records of over 64 MiB and cuts strings far below; a longer line is damage."""
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Block:
    """Whole lines, the first of which is number `line` (from 1).

    A `half` block is a last line without its LF. An `overlong` one stands for a line that is too long, and is empty.
    `counted` is the number of lines, once it is known: who scans them anyway gets it for next to nothing.
    """

    data: bytes
    line: int
    counted: int | None = None
    half: bool = False
    overlong: bool = False

    @property
    def lines(self) -> int:
        """The number of lines."""
        if self.counted is None:
            self.counted = 1 if self.half or self.overlong else self.data.count(b"\n")
        return self.counted


def _in_parts(data: bytes, line: int) -> Iterator[Block]:
    """Yield whole lines as blocks of not too many: a row of a table takes more memory than a line of a byte or two."""
    lines = count_byte(data, ord("\n"))
    if lines <= MAX_BLOCK_LINES:
        yield Block(data, line, lines)
        return
    start, size = 0, len(data) * MAX_BLOCK_LINES // lines + 1
    while start < len(data):
        end = data.find(b"\n", start + size) + 1 or len(data)
        yield (block := Block(data[start:end], line))
        start, line = end, line + block.lines


class Lines:
    """The lines of one file. Iterating never raises for a bad file: `problem` then says what is wrong with it."""

    def __init__(self, path: Path, max_unpacked_gib: float = MAX_UNPACKED_GIB) -> None:
        self.path = path
        self._max_unpacked_gib = max_unpacked_gib
        self.problem: str | None = None
        self.note: str | None = None

    def head(self, size: int) -> bytes:
        """Return about the first `size` bytes; they may end within a line."""
        head = b""
        for piece in self._content(size):
            head += piece[:size]
            if len(head) >= size:
                break
        return head.removeprefix(_BOM)

    def __iter__(self) -> Iterator[Block]:
        """Yield the file's blocks."""
        carry, line, dropping = b"", 1, False
        for piece in self._pieces():
            cut = piece.rfind(b"\n") + 1
            if not cut:
                carry = b"" if dropping else carry + piece
                dropping = dropping or len(carry) > LONGEST_LINE
                continue
            start = 0
            if dropping:
                yield Block(b"", line, overlong=True)
                start, line, carry, dropping = piece.find(b"\n") + 1, line + 1, b"", False
            if start < cut:
                data = b"".join((carry, memoryview(piece)[start:cut])) if carry else piece[start:cut]
                for block in _in_parts(data, line):
                    yield block
                    line += block.lines
            carry = piece[cut:]
        if dropping:
            yield Block(b"", line, overlong=True)
        elif carry:
            yield Block(carry, line, half=True)

    def _pieces(self) -> Iterator[bytes]:
        """Yield pieces of about `BLOCK` bytes, without a byte order mark."""
        pieces: list[bytes] = []
        size, mark = 0, _BOM
        for content in self._content(BLOCK):
            for start in range(0, len(content), BLOCK):
                pieces.append(content[start : start + BLOCK])
                size += len(pieces[-1])
                if size >= BLOCK // 2:
                    yield b"".join(pieces).removeprefix(mark)
                    pieces, size, mark = [], 0, b""
        if pieces:
            yield b"".join(pieces).removeprefix(mark)

    def _content(self, size: int) -> Iterator[bytes]:
        """Yield the content as it comes; note damage, and end there."""
        try:
            # O_NONBLOCK: should the file have become a FIFO since it was found, opening it must not hang
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            with FileIO(descriptor, "rb") as file:
                head = file.read(HEAD)
                file.seek(0)
                self.problem = cannot_unpack(head)
                if self.problem is None:
                    yield from self._unpacked(file, size, packing(head))
        except FileNotFoundError:
            self.problem = "gone: it was there when the run began; run again"
        except OSError as error:
            self.problem = f"cannot be read ({error.strerror or error}): check the file and its permissions"

    def _bomb(self) -> str:
        return (
            f"unpacks to more than {self._max_unpacked_gib:g} GiB: the rest was not read; "
            "if it is a log, set max_unpacked_gib higher"
        )

    def _unpacked(self, file: FileIO, size: int, name: str | None) -> Iterator[bytes]:
        left = self._max_unpacked_gib * _GIB if name else float("inf")
        try:
            for piece in unpacked(file, size):
                left -= len(piece)
                if left < 0:
                    self.problem = self._bomb()
                    return
                yield piece
        except TrailingError:
            self.note = f"bytes after the end of the {name} data were left out"
        except DamagedError as error:
            self.problem = f"damaged {name} file ({error}): what could be unpacked was read; get a whole copy"
