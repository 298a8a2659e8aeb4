"""Ways to break a log: bytes, lines, headers, columns and values, each from a seeded random generator."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

Mutator = Callable[[bytes, random.Random], bytes]

EXTREME = [
    b"-89994000000", b"253402300799.999999", b"1e18", b"-1e18", b"1e300", b"-5", b"0", b"nan", b"inf", b"-inf", b"NaN",
    b"18446744073709551615", b"9223372036854775807", b"-9223372036854775808", b"9007199254740991", b"4294967296",
    b"65536", b"999999999999999999999", b"1e-300", b"-0", b"-0.0", b"1262304000.0", b"631152000.000000",
    b"0001-01-01T00:00:00.000000Z", b"9999-12-31T23:59:59.999999Z", b"2026-02-30T00:00:00.000000Z",
    b"", b"-", b"(empty)", b" ", b"\\x00", b"\\", b"\\x", b"\xff\xfe", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80",
    b"\xe2\x80\xae",
    b"\x1b[31m", b"<script>", b"{}", b"{0.__class__}", b"%s%n", b"'; DROP", b"=cmd|'/c'!A1", b"a" * 3000, b",",
    b",,,-,",
    b"T", b"F", b"true", b"null", b"[]", b"::", b"::ffff:10.0.0.1", b"255.255.255.255", b"fe80::1%eth0", b"0.0.0.0",
    b"AUTH", b"VRFY", b"RCPT", b"EXPN", b"MAIL", b"**", b"HELO", b"STARTTLS", b"250", b"252", b"550", b"535",
    b"334", b"5.1.1",
]  # fmt: skip
"""What a cell or JSON value becomes: numbers and times at the edges, marks, escapes, and words that SMTP knows."""

_JSON_VALUE = re.compile(rb'(?<=":)(?:"[^"]*"|-?[0-9][0-9.eE+-]*|true|false|\[[^]]*\])')


def flip(data: bytes, dice: random.Random) -> bytes:
    """Set some bytes to others."""
    broken = bytearray(data)
    for _ in range(dice.randint(1, 40)):
        broken[dice.randrange(len(broken))] = dice.randrange(256)
    return bytes(broken)


def cut_lines(data: bytes, dice: random.Random) -> bytes:
    """Tear some lines."""
    lines = data.split(b"\n")
    for _ in range(dice.randint(1, 10)):
        place = dice.randrange(len(lines))
        lines[place] = lines[place][: dice.randint(0, len(lines[place]))]
    return b"\n".join(lines)


def cut_end(data: bytes, dice: random.Random) -> bytes:
    """Keep the beginning."""
    return data[: dice.randint(1, len(data))]


def double_header(data: bytes, dice: random.Random) -> bytes:
    """Repeat the header somewhere."""
    lines = data.split(b"\n")
    head = [line for line in lines if line.startswith(b"#")] or lines[:1]
    place = dice.randrange(len(lines))
    return b"\n".join(lines[:place] + head + lines[place:])


def add_fields(data: bytes, dice: random.Random) -> bytes:
    """Append cells and marks to some lines."""
    lines = data.split(b"\n")
    for _ in range(dice.randint(1, 10)):
        place = dice.randrange(len(lines))
        lines[place] += dice.choice([b"\tx", b"\t-\t-", b"#", b'"', b"}", b"\\", b"\\x0"])
    return b"\n".join(lines)


def insert(data: bytes, dice: random.Random) -> bytes:
    """Put junk somewhere."""
    place = dice.randrange(len(data))
    junk = [
        b"\0" * 500,
        b"\n\n",
        b"\r\n",
        b"\xff\xfe",
        b"[" * 5000,
        b"\xef\xbb\xbf",
        b"\n#",
        b"\n{}\n",
        b"x^\n",
        b"\t" * 50,
    ]
    return data[:place] + dice.choice(junk) + data[place:]


def drop_header(data: bytes, dice: random.Random) -> bytes:
    """Remove one of the first lines."""
    lines = data.split(b"\n")
    del lines[dice.randrange(min(8, len(lines)))]
    return b"\n".join(lines)


def shuffle_lines(data: bytes, dice: random.Random) -> bytes:
    """Put the lines, headers and all, in any order."""
    lines = data.split(b"\n")
    dice.shuffle(lines)
    return b"\n".join(lines)


def repeat_lines(data: bytes, dice: random.Random) -> bytes:
    """Repeat a line many times."""
    lines = data.split(b"\n")
    place = dice.randrange(len(lines))
    return b"\n".join(lines[:place] + [lines[place]] * dice.choice([2, 50]) + lines[place:])


def change_header(data: bytes, dice: random.Random) -> bytes:
    """Rename, double, drop or shuffle columns, or change separators and marks."""
    lines = data.split(b"\n")
    places = [n for n, line in enumerate(lines) if line.startswith(b"#")]
    if not places:
        return set_values(data, dice)
    place = dice.choice(places)
    cells = re.split(rb"[\t ]", lines[place])
    kind = dice.randrange(5)
    if kind == 0:
        dice.shuffle(cells)
    elif kind == 1:
        cells[dice.randrange(len(cells))] = dice.choice([*EXTREME, *cells])
    elif kind == 2:
        cells.insert(dice.randrange(len(cells) + 1), dice.choice(cells))
    elif kind == 3:
        del cells[dice.randrange(len(cells))]
    else:
        cells[1:] = [dice.choice([b"\\x20", b"\\x7c", b"x", b"\\x0a", b"\\x5c", b"\\x00", b"-", b".", b"1", b""])]
    lines[place] = dice.choice([b"\t", b"\t", b" "]).join(cells)
    return b"\n".join(lines)


def swap_columns(data: bytes, dice: random.Random) -> bytes:
    """Shuffle the cells of some lines, or of all."""
    lines = data.split(b"\n")
    chosen = range(len(lines)) if dice.random() < 0.3 else dice.choices(range(len(lines)), k=5)
    for place in chosen:
        cells = lines[place].split(b"\t")
        dice.shuffle(cells)
        lines[place] = b"\t".join(cells)
    return b"\n".join(lines)


def move_tabs(data: bytes, dice: random.Random) -> bytes:
    """Put tabs where none were, and other bytes where some were."""
    broken = bytearray(data)
    for _ in range(dice.randint(1, 30)):
        at = broken.find(b"\t", dice.randrange(len(broken)))
        if at >= 0:
            broken[at] = dice.choice(b"\t \0\n,|")
        broken[dice.randrange(len(broken))] = 9
    return bytes(broken)


def set_values(data: bytes, dice: random.Random) -> bytes:
    """Set some values to extreme ones: TSV cells or JSON values, quoted or not."""
    lines = data.split(b"\n")
    for _ in range(dice.choice([1, 3, 30])):
        place = dice.randrange(len(lines))
        if lines[place].startswith(b"{"):
            spans = [found.span() for found in _JSON_VALUE.finditer(lines[place])]
            if spans:
                start, end = dice.choice(spans)
                value = dice.choice(EXTREME)
                value = dice.choice([value, b'"' + value.replace(b"\\", b"\\\\") + b'"'])
                lines[place] = lines[place][:start] + value + lines[place][end:]
        else:
            cells = lines[place].split(b"\t")
            cells[dice.randrange(len(cells))] = dice.choice(EXTREME)
            lines[place] = b"\t".join(cells)
    return b"\n".join(lines)


def set_column(data: bytes, dice: random.Random) -> bytes:
    """Set a column to one of a few values in all rows: what is rare becomes a pattern."""
    values = dice.choices(EXTREME, k=dice.choice([1, 2, 5]))
    column = dice.randrange(20)
    lines = data.split(b"\n")
    for place, line in enumerate(lines):
        cells = line.split(b"\t")
        if line and not line.startswith((b"#", b"{")) and column < len(cells):
            cells[column] = dice.choice(values)
            lines[place] = b"\t".join(cells)
    return b"\n".join(lines)


MUTATORS: list[Mutator] = [
    flip, cut_lines, cut_end, double_header, add_fields, insert, drop_header, shuffle_lines, repeat_lines,
    change_header, swap_columns, move_tabs, set_values, set_column,
]  # fmt: skip


def mutant(data: bytes, dice: random.Random) -> bytes:
    """Return `data` with one to three faults."""
    data = data or b"\n"
    for mutate in dice.sample(MUTATORS, dice.randint(1, 3)):
        data = mutate(data, dice) or b"\n"
    return data
