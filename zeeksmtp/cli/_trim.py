"""Captures that Zeek would not read to their end: the last packet is cut, or time jumps back.

Zeek's clock never goes back: what lies before a packet that it has seen is lost to it. Packets of pcap and pcapng files
are put in order of time; the format of others is left for Zeek to complain about.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

_PCAP = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_ORDER = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_PCAP_HEAD, _RECORD_HEAD, _BLOCK_HEAD, _PACKET_HEAD = 24, 16, 12, 20
_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_RESOLUTION = 9  # option if_tsresol of an interface (draft-ietf-opsawg-pcapng, 4.2)


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a capture file: where it lies, and the time of its packet; null for what is no packet."""

    at: int
    length: int
    time: int | Fraction | None = None
    starts_section: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """How many bytes of a capture hold whole packets, and whether none is older than the one before it.

    Packets of several pcapng sections count as ordered: each section has interfaces of its own.
    """

    whole: int
    in_order: bool


def contents_of(path: Path) -> Contents:
    """Look through a capture; one of another format is whole and in order."""
    size = path.stat().st_size
    whole, in_order, sections = 0, True, 0
    last: int | Fraction | None = None
    with path.open("rb") as file:
        magic = file.read(4)
        if magic not in _PCAP and magic != _PCAPNG:
            return Contents(size, in_order)
        if magic in _PCAP:
            whole = min(_PCAP_HEAD, size)
        for record in _records(file, size, magic):
            whole = record.at + record.length
            sections += record.starts_section
            if record.time is not None:
                in_order = in_order and (last is None or last <= record.time)
                last = record.time
    return Contents(whole, in_order or sections > 1)


def _records(file: BinaryIO, size: int, magic: bytes) -> Iterator[Record]:
    return _packets(file, size, _PCAP[magic]) if magic in _PCAP else _blocks(file, size)


def _packets(file: BinaryIO, size: int, order: str) -> Iterator[Record]:
    at = _PCAP_HEAD
    while at + _RECORD_HEAD <= size:
        file.seek(at)
        seconds, fraction, length = struct.unpack(f"{order}III", file.read(12))
        if at + _RECORD_HEAD + length > size:
            return
        yield Record(at, _RECORD_HEAD + length, seconds << 32 | fraction)
        at += _RECORD_HEAD + length


def _blocks(file: BinaryIO, size: int) -> Iterator[Record]:
    at, order, units = 0, "<", list[Fraction]()
    while at + _BLOCK_HEAD <= size:
        file.seek(at)
        head = file.read(_BLOCK_HEAD)
        if head[:4] == _PCAPNG:
            order, units = _ORDER.get(head[8:], order), []
        kind, total = struct.unpack(f"{order}II", head[:8])
        # What is no block is for Zeek to complain about.
        if total < _BLOCK_HEAD:
            yield Record(at, size - at)
            return
        if at + total > size:
            return
        file.seek(at)
        block = file.read(total if kind == _INTERFACE else min(total, _PACKET_HEAD))
        if kind == _INTERFACE:
            units.append(_unit(block, order))
        yield Record(at, total, _time(block, order, units) if kind == _PACKET else None, kind == _SECTION)
        at += total


def _unit(interface: bytes, order: str) -> Fraction:
    """Return the seconds that a time stamp of the interface counts: microseconds, if it does not say."""
    at = 16
    while at + 4 <= len(interface) - 4:
        code, length = struct.unpack(f"{order}HH", interface[at : at + 4])
        if code == _RESOLUTION and length:
            value = interface[at + 4]
            return Fraction(1, 2 ** (value & 0x7F) if value & 0x80 else 10**value)
        if not code:
            break
        at += 4 + (length + 3) // 4 * 4
    return Fraction(1, 10**6)


def _time(packet: bytes, order: str, units: list[Fraction]) -> Fraction | None:
    if len(packet) < _PACKET_HEAD:
        return None
    interface, high, low = struct.unpack(f"{order}III", packet[8:_PACKET_HEAD])
    return (high << 32 | low) * units[interface] if interface < len(units) else None


def copy(path: Path, target: Path, contents: Contents) -> None:
    """Copy the whole records of a capture, the packets in order of time."""
    with path.open("rb") as source, target.open("wb") as out:
        if contents.in_order:
            shutil.copyfileobj(source, out)
            out.truncate(contents.whole)
            return
        magic = source.read(4)
        records = list(_records(source, contents.whole, magic))
        source.seek(0)
        out.write(source.read(records[0].at))
        # What is no packet describes interfaces, and comes first.
        packets = sorted(records, key=lambda record: (record.time is not None, record.time or 0))
        for record in packets:
            source.seek(record.at)
            out.write(source.read(record.length))
