"""Captures whose last packet is cut: where the whole packets end, in pcap and pcapng files."""

import shutil
import struct
from pathlib import Path
from typing import BinaryIO

_PCAP = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_ORDER = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_PCAP_HEAD, _RECORD_HEAD, _BLOCK_HEAD = 24, 16, 12


def whole_bytes(path: Path) -> int:
    """Give how many bytes of a capture hold whole packets; all of them where the format is another."""
    size = path.stat().st_size
    with path.open("rb") as file:
        magic = file.read(4)
        if magic in _PCAP:
            return _whole_records(file, size, _PCAP[magic])
        return _whole_blocks(file, size) if magic == _PCAPNG else size


def _whole_records(file: BinaryIO, size: int, order: str) -> int:
    at = _PCAP_HEAD
    while at + _RECORD_HEAD <= size:
        file.seek(at + 8)
        (length,) = struct.unpack(f"{order}I", file.read(4))
        if at + _RECORD_HEAD + length > size:
            break
        at += _RECORD_HEAD + length
    return min(at, size)


def _whole_blocks(file: BinaryIO, size: int) -> int:
    at, order = 0, "<"
    while at + _BLOCK_HEAD <= size:
        file.seek(at)
        kind, length, magic = struct.unpack("4s4s4s", file.read(_BLOCK_HEAD))
        if kind == _PCAPNG:
            order = _ORDER.get(magic, order)
        (total,) = struct.unpack(f"{order}I", length)
        # What is no block is for Zeek to complain about.
        if total < _BLOCK_HEAD:
            return size
        if at + total > size:
            break
        at += total
    return at


def copy_whole(path: Path, target: Path, whole: int) -> None:
    """Copy the first `whole` bytes of a capture."""
    with path.open("rb") as source, target.open("wb") as out:
        shutil.copyfileobj(source, out)
        out.truncate(whole)
