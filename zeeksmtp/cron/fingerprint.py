"""How much of a file was ingested before, by its content and not by its name: renamed, packed or grown alike."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from zeeksmtp.reading.decompress import HEAD, packing
from zeeksmtp.reading.discover import Source
from zeeksmtp.reading.line_blocks import Block, Lines
from zeeksmtp.state.ledger import Content

SCRYPT_COST = 1 << 10
"""3 ms for each fingerprint."""
_OVERLONG_LINE = b"\0"  # stands for a line that is too long to be read


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file's content: what of it can be ingested, the longest known content that it begins with, what is wrong.

    `unfinished`: a last line without its end waits for the rest.
    """

    content: Content
    known: Content | None
    unfinished: bool = False
    problem: str | None = None


class Fingerprints:
    """Fingerprints of known contents; files are compared with them.

    A fingerprint is a hash of a file's lines with the site's salt, stretched as that of a password would be: a log of a
    single line can hold a password (where the Zeek package was configured to log them), and everything else of that
    line is in the lake.
    """

    def __init__(self, salt: str, known: Iterable[Content]) -> None:
        self._salt = bytes.fromhex(salt)
        self._known: Mapping[tuple[int, int, bytes], Content] = {(c.size, c.lines, c.fingerprint): c for c in known}
        self._lines: dict[int, set[int]] = {}
        for size, lines, _ in self._known:
            self._lines.setdefault(size, set()).add(lines)
        self._sizes = sorted(self._lines)

    def identify(self, source: Source) -> FileContent:
        """Read a file and return its content. Never raises for what it holds, nor if it is gone."""
        scan = _Scan(self)
        lines = Lines(source.path, source.max_unpacked_gib)
        unfinished = False
        for block in lines:
            if block.half and not _is_final(block, lines):
                unfinished = True
                break
            scan.add(block)
        return FileContent(scan.content(), scan.longest_known, unfinished, lines.problem)

    def stretch(self, digest: bytes) -> bytes:
        """Return the fingerprint for a digest."""
        return hashlib.scrypt(digest, salt=self._salt, n=SCRYPT_COST, r=8, p=1, dklen=16)

    def lookup(self, size: int, lines: int, digest: bytes) -> Content | None:
        """Return the known content of this size, number of lines and digest."""
        return self._known.get((size, lines, self.stretch(digest)))

    def sizes(self, above: int, up_to: int) -> list[int]:
        """Return the sizes of known contents in a range, in order."""
        return self._sizes[bisect_right(self._sizes, above) : bisect_right(self._sizes, up_to)]

    def may_end(self, size: int, lines: int) -> bool:
        """Return whether a known content of that size has so many lines."""
        return lines in self._lines.get(size, ())


class _Scan:
    """Reads a content once, block by block; remembers the longest beginning that is known."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        self.longest_known: Content | None = None
        self._fingerprints = fingerprints
        self._hash = hashlib.sha256()
        self._size = self._lines = 0

    def add(self, block: Block) -> None:
        """Add the next lines."""
        data = block.data or _OVERLONG_LINE
        for size in self._fingerprints.sizes(self._size, self._size + len(data)):
            self._compare(data, size - self._size)
        self._hash.update(data)
        self._size += len(data)
        self._lines += block.lines

    def content(self) -> Content:
        """Return the content of all blocks so far."""
        return Content(self._size, self._lines, self._fingerprints.stretch(self._hash.digest()))

    def _compare(self, data: bytes, at: int) -> None:
        """Check whether a known content ends at byte `at`, which has to be the end of a line."""
        closed = data[at - 1 : at] == b"\n"
        if not closed and data[at : at + 1] not in {b"", b"\n"}:
            return
        size, lines = self._size + at, self._lines + data.count(b"\n", 0, at) + (not closed)
        if self._fingerprints.may_end(size, lines):
            prefix = self._hash.copy()
            prefix.update(memoryview(data)[:at])
            self.longest_known = self._fingerprints.lookup(size, lines, prefix.digest()) or self.longest_known


def _is_final(block: Block, lines: Lines) -> bool:
    """Return whether a last line without its end will stay so: a whole JSON object, or the end of a packed file."""
    return _is_object(block.data) or (lines.problem is None and _is_packed(lines.path))


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


def _is_packed(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return packing(file.read(HEAD)) is not None
    except OSError:
        return False
