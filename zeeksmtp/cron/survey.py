"""How much of a file was taken before, told by what it holds and not by its name: renamed, packed or grown alike."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from zeeksmtp.logs._decompress import HEAD, packing
from zeeksmtp.logs._lines import Block, Lines
from zeeksmtp.state.ledger import Content

_COST = 1 << 10  # 3 ms for each file
_OVERLONG = b"\0"  # stands for a line that is too long to be read


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A file's content: what of it can be taken, the longest known content that it begins with, what is wrong with it.

    `half`: a last line without its end waits for the rest.
    """

    content: Content
    known: Content | None
    half: bool = False
    problem: str | None = None


class Fingerprints:
    """Fingerprints of contents and of their beginnings.

    A hash of a file's lines with the site's salt, stretched as that of a password would be: a log of a single line can
    hold a password (where the Zeek package was told to log them), and everything else of that line is in the lake.
    """

    def __init__(self, salt: str, known: Iterable[Content]) -> None:
        self._salt = bytes.fromhex(salt)
        self._known: Mapping[tuple[int, int, bytes], Content] = {(c.size, c.lines, c.fingerprint): c for c in known}
        self._lines: dict[int, set[int]] = {}
        for size, lines, _ in self._known:
            self._lines.setdefault(size, set()).add(lines)
        self._sizes = sorted(self._lines)

    def survey(self, path: Path) -> Surveyed:
        """Read a file and tell what is known of it. Never raises for what it holds, nor if it is gone."""
        walk = _Walk(self)
        lines = Lines(path)
        half = False
        for block in lines:
            if block.half and not _ends(block, lines):
                half = True
                break
            walk.over(block)
        return Surveyed(walk.content(), walk.longest, half, lines.problem)

    def stretched(self, digest: bytes) -> bytes:
        """Make a fingerprint of a digest."""
        return hashlib.scrypt(digest, salt=self._salt, n=_COST, r=8, p=1, dklen=16)

    def known(self, size: int, lines: int, digest: bytes) -> Content | None:
        """Give the content of this size, number of lines and digest, if there was one."""
        return self._known.get((size, lines, self.stretched(digest)))

    def sizes(self, above: int, up_to: int) -> list[int]:
        """Give the sizes of known contents in a range, in order."""
        return self._sizes[bisect_right(self._sizes, above) : bisect_right(self._sizes, up_to)]

    def may_end(self, size: int, lines: int) -> bool:
        """Tell whether a known content of that size has so many lines."""
        return lines in self._lines.get(size, ())


class _Walk:
    """Goes over a content once, from line to line; remembers the longest beginning that is known."""

    def __init__(self, prints: Fingerprints) -> None:
        self.longest: Content | None = None
        self._prints = prints
        self._hash = hashlib.sha256()
        self._size = self._lines = 0

    def over(self, block: Block) -> None:
        """Take in the next lines."""
        data = block.data or _OVERLONG
        for size in self._prints.sizes(self._size, self._size + len(data)):
            self._compare(data, size - self._size)
        self._hash.update(data)
        self._size += len(data)
        self._lines += block.lines

    def content(self) -> Content:
        """Give all that was gone over."""
        return Content(self._size, self._lines, self._prints.stretched(self._hash.digest()))

    def _compare(self, data: bytes, at: int) -> None:
        """See whether a known content ends at byte `at`, which has to be the end of a line."""
        closed = data[at - 1 : at] == b"\n"
        if not closed and data[at : at + 1] not in {b"", b"\n"}:
            return
        size, lines = self._size + at, self._lines + data.count(b"\n", 0, at) + (not closed)
        if self._prints.may_end(size, lines):
            upto = self._hash.copy()
            upto.update(memoryview(data)[:at])
            self.longest = self._prints.known(size, lines, upto.digest()) or self.longest


def _ends(block: Block, lines: Lines) -> bool:
    """Tell whether a last line without its end will stay so: a whole JSON object, or the end of a packed file."""
    return _is_object(block.data) or (lines.problem is None and _packed(lines.path))


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


def _packed(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return packing(file.read(HEAD)) is not None
    except OSError:
        return False
