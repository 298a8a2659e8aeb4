"""Blocks of whole lines out of any file, with their line numbers, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from zeeksmtp.logs._decompress import HEAD, DamagedError, TrailingError, cannot_unpack, packing, unpacked

BLOCK: Final = 1 << 22
LONGEST_LINE: Final = 1 << 24
"""Zeek drops records of over 64 MiB and cuts strings far below; a longer line is damage."""
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, the first of which is number `line` (from 1). A `half` block is a last line without its LF."""

    data: bytes
    line: int
    half: bool = False
    overlong: bool = False


class Lines:
    """The lines of one file. Iterating never raises for a bad file: afterwards, `problem` says what is wrong with it."""

    def __init__(self, path: Path, block: int = BLOCK) -> None:
        self.path = path
        self.block = block
        self.problem: str | None = None
        self.note: str | None = None

    def __iter__(self) -> Iterator[Block]:
        """Yield the file's blocks."""
        carry, line, dropping = b"", 1, False
        for piece in self._pieces():
            cut = piece.rfind(b"\n") + 1
            if not cut:
                if not dropping:
                    carry += piece
                dropping = dropping or len(carry) > LONGEST_LINE
                carry = b"" if dropping else carry
                continue
            if dropping:
                yield Block(b"", line, overlong=True)
                start, line, dropping = piece.find(b"\n") + 1, line + 1, False
                data = piece[start:cut]
            else:
                data = carry + piece[:cut]
            carry = piece[cut:]
            if data:
                yield Block(data, line)
                line += data.count(b"\n")
        if dropping:
            yield Block(b"", line, overlong=True)
        elif carry:
            yield Block(carry, line, half=True)

    def _pieces(self) -> Iterator[bytes]:
        """Yield pieces of about `block` bytes, without a byte order mark; note damage, and end there."""
        pile: list[bytes] = []
        size, first = 0, True
        for piece in self._content():
            pile.append(piece)
            size += len(piece)
            if size >= self.block:
                whole = pile[0] if len(pile) == 1 else b"".join(pile)
                yield whole.removeprefix(_BOM) if first else whole
                pile, size, first = [], 0, False
        if pile:
            whole = b"".join(pile)
            yield whole.removeprefix(_BOM) if first else whole

    def _content(self) -> Iterator[bytes]:
        try:
            # O_NONBLOCK: should the file have become a FIFO since it was found, opening it must not hang
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            with FileIO(descriptor, "rb") as file:
                head = file.read(HEAD)
                self.problem = cannot_unpack(head)
                if self.problem is None:
                    file.seek(0)
                    yield from self._unpacked(file, packing(head))
        except FileNotFoundError:
            self.problem = "it is gone: it was there when the run began; run again"
        except OSError as error:
            self.problem = (
                f"cannot be read ({error.strerror or type(error).__name__}): check the file and its permissions"
            )

    def _unpacked(self, file: FileIO, name: str | None) -> Iterator[bytes]:
        try:
            yield from unpacked(file)
        except TrailingError:
            self.note = f"bytes after the end of the {name} data were left out"
        except DamagedError as error:
            self.problem = f"damaged {name} file ({error}): what could be unpacked was read; get a whole copy"
