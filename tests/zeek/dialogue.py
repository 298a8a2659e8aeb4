"""Writes captures of SMTP dialogues: what each side says, in the order in which a sensor sees it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SEGMENT = 32_000
"""Bytes of one TCP segment at most: big ones keep captures of long lines small."""

_ETHERNET = bytes.fromhex("020000000002 020000000001 0800".replace(" ", ""))
_SYN, _ACK, _FIN = 0x02, 0x10, 0x01


@dataclass(slots=True)
class Talk:
    """One TCP connection. `c` and `s` say something, `lose_c` and `lose_s` say it past the sensor."""

    client: str = "10.1.0.1"
    port: int = 40_000
    server: str = "10.2.0.25"
    server_port: int = 25
    start: float = 1_700_000_000.0
    step: float = 0.01
    sides: str = "cs"
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    _sent: dict[str, int] = field(default_factory=lambda: {"c": 1000, "s": 5000})
    _clock: float = 0.0

    def __post_init__(self) -> None:
        """Shake hands."""
        self._clock = self.start
        self._frame("c", b"", _SYN)
        self._frame("s", b"", _SYN | _ACK)
        self._frame("c", b"", _ACK)

    def c(self, *lines: str | bytes) -> Talk:
        """Let the client send lines in one go."""
        return self._say("c", lines, seen=True)

    def s(self, *lines: str | bytes) -> Talk:
        """Let the server send lines in one go."""
        return self._say("s", lines, seen=True)

    def lose_c(self, *lines: str | bytes) -> Talk:
        """Let the client send what the sensor misses."""
        return self._say("c", lines, seen=False)

    def lose_s(self, *lines: str | bytes) -> Talk:
        """Let the server send what the sensor misses."""
        return self._say("s", lines, seen=False)

    def raw(self, side: str, data: bytes) -> Talk:
        """Send bytes as they are, without a line end."""
        for at in range(0, len(data), SEGMENT):
            self._frame(side, data[at : at + SEGMENT], _ACK)
            if len(data) - at > SEGMENT:
                # Zeek stops to follow a side whose data nobody acknowledges.
                self._frame("s" if side == "c" else "c", b"", _ACK)
        return self

    def close(self) -> Talk:
        """End the connection from both sides."""
        self._frame("c", b"", _FIN | _ACK)
        self._frame("s", b"", _FIN | _ACK)
        self._frame("c", b"", _ACK)
        return self

    def _say(self, side: str, lines: Iterable[str | bytes], *, seen: bool) -> Talk:
        data = b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines)
        if not seen:
            self._sent[side] += len(data)
            return self
        return self.raw(side, data)

    def _frame(self, side: str, data: bytes, flags: int) -> None:
        other = "s" if side == "c" else "c"
        ack = self._sent[other] if flags & _ACK else 0
        ends = (self.port, self.server_port) if side == "c" else (self.server_port, self.port)
        tcp = struct.pack(
            "!HHIIBBHHH", *ends, self._sent[side] & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, 65535, 0, 0
        )
        self._sent[side] += len(data) + bool(flags & (_SYN | _FIN))
        self._clock += self.step
        if side in self.sides:
            self.frames.append((self._clock, _ETHERNET + ip_packet(self, side, 6, tcp + data)))


def write_pcap(path: Path, talks: Iterable[Talk]) -> None:
    """Write the frames of all connections in the order of their times. Checksums are zero: read it with `zeek -C`."""
    frames = sorted((frame for talk in talks for frame in talk.frames), key=lambda frame: frame[0])
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        out.writelines(_records(frames))


def _records(frames: Iterable[tuple[float, bytes]]) -> Iterator[bytes]:
    for when, data in frames:
        seconds = int(when)
        yield struct.pack("<IIII", seconds, round((when - seconds) * 1e6), len(data), len(data)) + data


def udp_frame(talk: Talk, side: str, data: bytes) -> bytes:
    """Build a UDP packet between the ends of a connection."""
    ends = (talk.port, talk.server_port) if side == "c" else (talk.server_port, talk.port)
    return _ETHERNET + ip_packet(talk, side, 17, struct.pack("!HHHH", *ends, 8 + len(data), 0) + data)


def ip_packet(talk: Talk, side: str, protocol: int, payload: bytes) -> bytes:
    """Build an IPv4 packet between the ends of a connection."""
    hosts = [socket.inet_aton(talk.client), socket.inet_aton(talk.server)]
    source, target = hosts if side == "c" else reversed(hosts)
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, source, target) + payload
