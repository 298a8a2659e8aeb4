"""Writes captures made to exhaust the scripts: `python -m tests.zeek.hostile NAME CONNECTIONS FILE`.

The connections are never closed, so that all of them are in memory at the end of the capture.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tests.zeek.dialogue import Talk, write_pcap
from tests.zeek.traces import ASK_USER, BANNER, EHLO, OFFER, b64

MANY = 1000


def _begin(n: int) -> Talk:
    talk = Talk(client=f"198.51.{n // 250}.{n % 250 + 1}", port=30_000, start=1_700_000_000.0 + n, step=0.0001)
    return talk.s(BANNER).c(EHLO).s(*OFFER)


def long_lines(n: int) -> Talk:
    """A command, a SASL response, an unknown word and a reply of 15 MB each."""
    line = b"A" * 15_000_000
    talk = _begin(n).c(b"VRFY " + line).s(b"550 " + line).c("AUTH LOGIN").s(ASK_USER).c(line)
    return talk.s("500 too long").c(line).s("500 unknown")


def million_commands(n: int) -> Talk:
    """A million commands, each answered."""
    talk = _begin(n)
    for _ in range(1_000_000 // MANY):
        talk.c(*("NOOP",) * MANY).s(*("250 Ok",) * MANY)
    return talk


def pending_commands(n: int) -> Talk:
    """A hundred thousand commands that nobody answers."""
    talk = _begin(n)
    for _ in range(100):
        talk.c(*("VRFY " + "x" * 600,) * MANY)
    return talk


def pending_exchanges(n: int) -> Talk:
    """Ten thousand AUTH commands with long names that nobody answers."""
    talk = _begin(n)
    for at in range(10):
        talk.c(*("AUTH PLAIN " + b64("z" * 500 + "\0" + "u" * 500 + "\0" + "p" * 500 + str(at)),) * MANY)
    return talk


def endless_reply(n: int) -> Talk:
    """Half a million lines in one reply to EHLO."""
    talk = _begin(n).c(EHLO)
    for _ in range(500):
        talk.s(*("250-AUTH " + " ".join(f"M{i}" for i in range(20)),) * MANY)
    return talk


def endless_exchange(n: int) -> Talk:
    """A hundred thousand lines in one AUTH exchange."""
    talk = _begin(n).c("AUTH LOGIN").s(ASK_USER)
    for _ in range(100):
        talk.c(*(b64("x" * 300),) * MANY)
    return talk


def unknown_words(n: int) -> Talk:
    """A hundred thousand lines that are no commands."""
    talk = _begin(n)
    for _ in range(100):
        talk.c(*("Y" * 500,) * MANY)
    return talk


ATTACKS: dict[str, Callable[[int], Talk]] = {
    attack.__name__: attack
    for attack in (
        long_lines, million_commands, pending_commands, pending_exchanges,
        endless_reply, endless_exchange, unknown_words,
    )
}  # fmt: skip


if __name__ == "__main__":
    write_pcap(Path(sys.argv[3]), [ATTACKS[sys.argv[1]](n) for n in range(int(sys.argv[2]))])
