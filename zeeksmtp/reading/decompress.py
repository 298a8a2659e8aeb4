"""Bytes of a file, whatever it is packed with: streaming, bounded, and as many of a damaged file as can be had."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from gzip import BadGzipFile
from importlib.util import find_spec
from io import FileIO
from typing import Any, Final

_READ_BYTES: Final = 1 << 18
_TAIL_BYTES: Final = 1 << 12
_MAX_PIECE_BYTES: Final = 1 << 22  # comes out of one step: a bomb fills no memory
_MAX_WINDOW_BYTES: Final = 1 << 27  # what `xz -9` and `zstd --ultra` take; only bombs want more
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


class _Gzip:
    """zlib with the interface of the other decompressors. On damage it returns all bytes before it, then raises."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)
        self._error: zlib.error | None = None

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self._error:
            raise self._error
        data, before = self._inner.unconsumed_tail + data, self._inner.copy()
        try:
            return self._inner.decompress(data, max_length)
        except zlib.error as error:  # zlib drops what the failing call had made
            self._error = error
            return b"".join(_salvage(before, data))

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail and self._error is None

    @property
    def eof(self) -> bool:
        return self._inner.eof and self._error is None

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


def _salvage(state: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    for position in range(len(data)):
        try:
            yield state.decompress(data[position : position + 1])
        except zlib.error:
            return


class _Zstd:
    """Python's own zstd (3.14), or the library for older ones, with the interface of the other decompressors."""

    # The library bounds no output: what is fed to it at once, 1 KiB, makes at most 32 MiB (4 bytes make 128 KiB).
    needs_input = True

    def __init__(self) -> None:
        if find_spec("compression") is not None:
            from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

            self._inner, self._error = zstd.ZstdDecompressor(), zstd.ZstdError
        else:
            import zstandard  # noqa: PLC0415 - an extra

            unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
            self._inner, self._error = unpacker.decompressobj(), zstandard.ZstdError

    def decompress(self, data: bytes, _max_length: int) -> bytes:
        try:
            return bytes(self._inner.decompress(data))
        except self._error as error:
            raise DamagedError(str(error)) from error

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)


# Magic bytes, name, how to make a decompressor of one member, and how many bytes to feed it at once.
_PACKINGS: Final[tuple[tuple[bytes, str, Callable[[], Any], int], ...]] = (
    (b"\x1f\x8b", "gzip", _Gzip, _READ_BYTES),
    (b"BZh", "bzip2", bz2.BZ2Decompressor, _READ_BYTES),
    (b"\xfd7zXZ\0", "xz", lambda: lzma.LZMADecompressor(memlimit=_MAX_WINDOW_BYTES), _READ_BYTES),
    (b"\x28\xb5\x2f\xfd", "zstd", _Zstd, 1 << 10),
)


def packing(head: bytes) -> str | None:
    """Return the name of what a file that starts with `head` is packed with; `None` for a plain one.

    It may be cut within its first bytes.
    """
    names = (name for magic, name, *_ in _PACKINGS if head and (head.startswith(magic) or magic.startswith(head)))
    return next(names, None)


def cannot_unpack(head: bytes) -> str | None:
    """Return why a file that starts with `head` cannot be unpacked here, and what to do; `None` if it can."""
    for magic, name in _UNREADABLE.items():
        if head.startswith(magic):
            return f"packed with {name}, which is not read: unpack it, or pack it with gzip"
    if packing(head) == "zstd" and find_spec("zstandard") is None and find_spec("compression") is None:
        return "packed with zstd: install zeeksmtp[zstd] to read it"
    return None


def unpacked(file: FileIO, size: int) -> Iterator[bytes]:
    """Yield the content of `file` in pieces: those of a plain one, and by ISA-L, of at most `size` bytes.

    Several members one after the other are read as one. What follows them (padding, garbage) is not content. Raises
    `DamagedError` after the last byte that can be had.
    """
    name = packing(file.read(HEAD))
    file.seek(0)
    if name is None:
        while data := file.read(_to_line_end(file, size)):
            yield data
    elif name == "gzip" and find_spec("isal") is not None:
        yield from _gzip(file, min(size, _MAX_PIECE_BYTES))
    else:
        yield from _members(file, name)


def _gzip(file: FileIO, size: int) -> Iterator[bytes]:
    """Unpack by ISA-L, far faster than zlib; of a damaged file it gives too little: then zlib goes on behind that."""
    from isal import igzip, igzip_lib  # noqa: PLC0415 - only where a file is packed

    opened: Any = igzip.IGzipFile
    damage: Any = (EOFError, BadGzipFile, igzip_lib.IsalError)
    given = 0
    with opened(fileobj=file) as inner:
        try:
            while piece := inner.read(size):
                yield piece
                given += len(piece)
        except damage:
            file.seek(0)
            for piece in _members(file, "gzip"):
                yield piece[given:]
                given = max(given - len(piece), 0)


def _to_line_end(file: FileIO, size: int) -> int:
    """Return how many bytes to read, at most `size`, so that they end with a line: then none has to be put together."""
    at = file.tell()
    file.seek(at + max(size - _TAIL_BYTES, 0))
    cut = file.read(min(size, _TAIL_BYTES)).rfind(b"\n") + 1
    file.seek(at)
    return max(size - _TAIL_BYTES, 0) + cut if cut else size


def _members(file: FileIO, name: str) -> Iterator[bytes]:
    magic, make, read = next((magic, make, read) for magic, known, make, read in _PACKINGS if known == name)
    member, data, begun = None, b"", False
    while data or (data := file.read(read)):
        if member is None:
            data = data.lstrip(b"\0")  # padding of tapes, block devices and xz
            if len(data) < len(magic):
                data += (more := file.read(read))
                if more or not data:
                    continue
            if not data.startswith(magic):
                raise TrailingError("other bytes follow") if begun else DamagedError("cut short")
            begun, member = True, make()
        try:
            yield member.decompress(data, _MAX_PIECE_BYTES)
            while not member.eof and not member.needs_input:
                yield member.decompress(b"", _MAX_PIECE_BYTES)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise DamagedError(str(error)) from error
        data = b""
        if member.eof:
            data, member = member.unused_data, None
    if member is not None:
        raise DamagedError("cut short")
