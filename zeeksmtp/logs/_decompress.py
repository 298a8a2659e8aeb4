"""Bytes of a file, whatever it is packed with: streaming, bounded, and as many of a damaged file as can be had."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from gzip import BadGzipFile
from importlib.util import find_spec
from io import FileIO
from typing import Any, Final, Protocol

_READ: Final = 1 << 18
_TAIL: Final = 1 << 12
_PIECE: Final = 1 << 22  # no more than this comes out of one step: a bomb fills no memory
_UNREADABLE: Final = {
    b"\x04\x22\x4d\x18": "lz4",
    b"LZIP": "lzip",
    b"PK\x03\x04": "zip",
    b"\x1f\x9d": "compress (.Z)",
}
HEAD: Final = 6
"""How many bytes tell the packing."""


class DamagedError(Exception):
    """A packed file ends early or its content is damaged; the text says which and what to do."""


class TrailingError(DamagedError):
    """The content is whole, but bytes follow it that are none of it."""


class _Step(Protocol):
    """One member being unpacked."""

    def feed(self, data: bytes) -> Iterator[bytes]: ...
    @property
    def finished(self) -> bool: ...
    @property
    def rest(self) -> bytes: ...


@dataclass
class _Gzip:
    """A gzip member. On damage all bytes before it are given: zlib itself drops what the failing call had made."""

    inner: zlib._Decompress = field(default_factory=lambda: zlib.decompressobj(31))

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self.inner.eof:
            before = self.inner.copy()
            try:
                out = self.inner.decompress(data, _PIECE)
            except zlib.error as error:
                yield from _salvage(before, data)
                raise DamagedError(str(error)) from error
            data = self.inner.unconsumed_tail
            yield out

    @property
    def finished(self) -> bool:
        return self.inner.eof

    @property
    def rest(self) -> bytes:
        return self.inner.unused_data


def _salvage(state: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """Feed byte by byte until it fails again; `data` is at most one read long."""
    for position in range(len(data)):
        try:
            out = state.decompress(data[position : position + 1])
        except zlib.error:
            return
        if out:
            yield out


@dataclass
class _Stdlib:
    """A bz2 or xz stream."""

    inner: bz2.BZ2Decompressor | lzma.LZMADecompressor

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            yield self.inner.decompress(data, _PIECE)
            while not self.inner.eof and not self.inner.needs_input:
                yield self.inner.decompress(b"", _PIECE)
        except (OSError, lzma.LZMAError, EOFError) as error:
            raise DamagedError(str(error)) from error

    @property
    def finished(self) -> bool:
        return self.inner.eof

    @property
    def rest(self) -> bytes:
        return self.inner.unused_data


class _Zstd:
    """A zstd frame. The library cannot bound its output, so it is fed little at a time."""

    _BITE: Final = 1 << 12

    def __init__(self) -> None:
        import zstandard  # noqa: PLC0415 - an extra

        self._error = zstandard.ZstdError
        self.inner = zstandard.ZstdDecompressor().decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._left = b""
        for start in range(0, len(data), self._BITE):
            try:
                yield self.inner.decompress(data[start : start + self._BITE])
            except self._error as error:
                raise DamagedError(str(error)) from error
            if self.inner.eof:
                self._left = self.inner.unused_data + data[start + self._BITE :]
                return

    @property
    def finished(self) -> bool:
        return bool(self.inner.eof)

    @property
    def rest(self) -> bytes:
        return self._left


_GZIP: Final = b"\x1f\x8b"
_PACKINGS: Final[dict[bytes, tuple[str, Callable[[], _Step]]]] = {
    _GZIP: ("gzip", _Gzip),
    b"BZh": ("bzip2", lambda: _Stdlib(bz2.BZ2Decompressor())),
    b"\xfd7zXZ\0": ("xz", lambda: _Stdlib(lzma.LZMADecompressor())),
    b"\x28\xb5\x2f\xfd": ("zstd", _Zstd),
}


def packing(head: bytes) -> str | None:
    """Name what a file that starts with `head` is packed with; `None` for a plain one."""
    return next((name for magic, (name, _) in _PACKINGS.items() if head and _begins(head, magic)), None)


def _begins(head: bytes, magic: bytes) -> bool:
    """Tell whether `head` is the beginning of a packed file, be it one that is cut within its first bytes."""
    return head.startswith(magic) or magic.startswith(head)


def cannot_unpack(head: bytes) -> str | None:
    """Say why a file that starts with `head` cannot be unpacked here, and what to do; `None` if it can."""
    for magic, name in _UNREADABLE.items():
        if head.startswith(magic):
            return f"packed with {name}, which is not read: unpack it, or pack it with gzip"
    if packing(head) == "zstd" and find_spec("zstandard") is None:
        return "packed with zstd: install zeeksmtp[zstd] to read it"
    return None


def unpacked(file: FileIO, size: int) -> Iterator[bytes]:
    """Yield the content of `file` in pieces: those of a plain one, and by ISA-L, of at most `size` bytes.

    Several members one after the other are read as one. What follows them (padding, garbage) is no content. Raises
    `DamagedError` after the last byte that can be had.
    """
    name = packing(file.read(HEAD))
    file.seek(0)
    if name is None:
        while data := file.read(_to_line_end(file, size)):
            yield data
    elif name == "gzip" and find_spec("isal") is not None:
        yield from _gzip(file, min(size, _PIECE))
    else:
        magic, step = next((magic, make) for magic, (known, make) in _PACKINGS.items() if known == name)
        yield from _members(file, magic, step, min(size, _READ))


def _gzip(file: FileIO, size: int) -> Iterator[bytes]:
    """Unpack fast; if the file turns out to be damaged, begin again with care and go on where the fast way ended."""
    given = 0
    try:
        for piece in _fast_gzip(file, size):
            yield piece
            given += len(piece)
    except DamagedError:
        file.seek(0)
        for piece in _members(file, _GZIP, _Gzip, _READ):
            yield piece[given:]
            given = max(given - len(piece), 0)


def _fast_gzip(file: FileIO, size: int) -> Iterator[bytes]:
    """Unpack by ISA-L: far faster than zlib, but of a damaged file it gives too little."""
    from isal import igzip, igzip_lib  # noqa: PLC0415 - only where a file is packed

    opened: Any = igzip.IGzipFile
    damage: Any = (EOFError, BadGzipFile, igzip_lib.IsalError)
    with opened(fileobj=file) as inner:
        try:
            while piece := inner.read(size):
                yield piece
        except damage as error:
            raise DamagedError(str(error)) from error


def _to_line_end(file: FileIO, size: int) -> int:
    """Give how many bytes to read, at most `size`, so that they end with a line: then none has to be put together."""
    at = file.tell()
    file.seek(at + max(size - _TAIL, 0))
    cut = file.read(min(size, _TAIL)).rfind(b"\n") + 1
    file.seek(at)
    return max(size - _TAIL, 0) + cut if cut else size


def _members(file: FileIO, magic: bytes, step: Callable[[], _Step], read: int) -> Iterator[bytes]:
    member: _Step | None = None
    data, begun = b"", False
    while data or (data := file.read(read)):
        if member is None:
            data = data.lstrip(b"\0")  # padding of tapes and block devices
            if len(data) < len(magic):
                more = file.read(read)
                if more:
                    data += more
                    continue
            if not data:
                continue
            if not data.startswith(magic):
                raise TrailingError("other bytes follow") if begun else DamagedError("cut short")
            begun = True
            member = step()
        yield from member.feed(data)
        data = b""
        if member.finished:
            data, member = member.rest, None
    if member is not None:
        raise DamagedError("cut short")
