"""Writes captures for measuring: `python -m tests.zeek.traffic smtp|mixed SESSIONS FILE`.

`smtp` is SMTP alone; of `mixed` one connection in a hundred is SMTP, the others are DNS and HTTP.
"""

from __future__ import annotations

import random
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.zeek.dialogue import Talk, udp_frame, write_pcap
from tests.zeek.traces import ASK_PASSWORD, ASK_USER, BANNER, NO, OFFER, YES, b64

BODY = (
    "From: a@partner.example",
    "To: b@corp.example",
    "Subject: the weekly figures",
    "Date: Mon, 23 Nov 2026 10:00:00",
)
TLS_RECORD = bytes.fromhex("1603010200") + bytes(512)


def _message(talk: Talk, dice: random.Random) -> None:
    talk.c(f"MAIL FROM:<user{dice.randrange(999)}@partner.example> SIZE=2048").s("250 2.1.0 Ok")
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        talk.c(f"RCPT TO:<user{dice.randrange(999)}@corp.example>").s("250 2.1.5 Ok")
    talk.c("DATA").s("354 End data with <CR><LF>.<CR><LF>")
    talk.c(*BODY, f"Message-ID: <{dice.random()}@partner.example>", "", *("figures " * 9 for _ in range(25)), ".")
    talk.s(f"250 2.0.0 Ok: queued as {dice.randrange(16**9):09X}")


def delivery(talk: Talk, dice: random.Random) -> None:
    """A server delivers a message."""
    _message(talk, dice)


def encrypted(talk: Talk, dice: random.Random) -> None:
    """The same after STARTTLS."""
    talk.c("STARTTLS").s("220 2.0.0 Ready to start TLS").raw("c", TLS_RECORD).raw("s", TLS_RECORD * 3)


def submission(talk: Talk, dice: random.Random) -> None:
    """Somebody logs in in clear and sends a message."""
    talk.c("AUTH LOGIN").s(ASK_USER).c(b64(f"user{dice.randrange(999)}")).s(ASK_PASSWORD).c(b64("open-sesame")).s(YES)
    _message(talk, dice)


def guessing(talk: Talk, dice: random.Random) -> None:
    """Somebody guesses passwords."""
    for _ in range(5):
        talk.c("AUTH PLAIN " + b64(f"\0user{dice.randrange(999)}\0guess{dice.randrange(999)}")).s(NO)


def asking(talk: Talk, dice: random.Random) -> None:
    """Somebody asks for names."""
    for _ in range(10):
        talk.c(f"VRFY user{dice.randrange(999)}").s(dice.choice(("252 2.0.0 user", "550 5.1.1 <x>: User unknown")))


KINDS: tuple[Callable[[Talk, random.Random], None], ...] = (
    *(delivery,) * 60, *(encrypted,) * 25, *(submission,) * 9, *(guessing,) * 3, *(asking,) * 3,
)  # fmt: skip


def smtp(n: int, dice: random.Random) -> Talk:
    """Build one SMTP session, of a kind that its number picks."""
    talk = Talk(**_ends(n, dice), server_port=25).s(BANNER).c(f"EHLO host{n}.partner.example").s(*OFFER)  # type: ignore[arg-type]
    kind = KINDS[n * 37 % len(KINDS)]
    kind(talk, dice)
    return talk.close() if kind is encrypted else talk.c("QUIT").s("221 2.0.0 Bye").close()


def http(n: int, dice: random.Random) -> Talk:
    """Build one HTTP request with its response."""
    talk = Talk(**_ends(n, dice), server_port=80)  # type: ignore[arg-type]
    talk.c(f"GET /page/{n} HTTP/1.1", "Host: www.partner.example", "User-Agent: curl/8.0", "Accept: */*", "")
    page = "<p>figures</p>" * 100
    return talk.s("HTTP/1.1 200 OK", "Content-Type: text/html", f"Content-Length: {len(page) + 2}", "", page).close()


def dns(n: int, dice: random.Random) -> Talk:
    """Build one DNS query with its answer; a `Talk` only for its frames."""
    ends = _ends(n, dice)
    talk = Talk(**ends, server_port=53)  # type: ignore[arg-type]
    name = b"".join(bytes([len(part)]) + part for part in (f"host{n}".encode(), b"partner", b"example")) + b"\0"
    query = name + struct.pack("!HH", 1, 1)
    answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([192, 0, 2, n % 250])
    pair = (
        struct.pack("!HHHHHH", n % 65536, 0x0100, 1, 0, 0, 0) + query,
        struct.pack("!HHHHHH", n % 65536, 0x8180, 1, 1, 0, 0) + query + answer,
    )
    talk.frames = [
        (talk.start + i * talk.step, udp_frame(talk, side, data))
        for i, (side, data) in enumerate(zip("cs", pair, strict=True))
    ]
    return talk


def _ends(n: int, dice: random.Random) -> dict[str, str | int | float]:
    return {
        "client": f"198.51.{n // 250 % 250}.{n % 250 + 1}",
        "port": 20_000 + n % 40_000,
        "server": f"10.2.0.{n % 5 + 20}",
        "start": 1_700_000_000.0 + n * 0.01 + dice.random() * 0.001,
        "step": 0.002,
    }


def mixed(n: int, dice: random.Random) -> Talk:
    """Build one connection of a network where SMTP is one in a hundred."""
    if n % 100 == 0:
        return smtp(n // 100, dice)
    return dns(n, dice) if n % 10 < 6 else http(n, dice)


def talks(kind: str, sessions: int) -> Iterator[Talk]:
    """Return the connections, the same for the same arguments."""
    dice = random.Random(f"{kind} {sessions}")
    build = {"smtp": smtp, "mixed": mixed}[kind]
    return (build(n, dice) for n in range(sessions))


if __name__ == "__main__":
    write_pcap(Path(sys.argv[3]), talks(sys.argv[1], int(sys.argv[2])))
