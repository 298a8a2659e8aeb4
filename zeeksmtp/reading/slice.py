"""Some lines of a file: those after the ones taken before, with the header lines above that still count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from zeeksmtp.reading.header import header_runs, heads_rows, unpadded
from zeeksmtp.reading.line_blocks import Block
from zeeksmtp.reading.scan import decoded


def sliced(blocks: Iterable[Block], start: int = 0, end: int | None = None) -> Iterator[Block]:
    """Yield the lines after number `start`, up to and with number `end`, and before them the header lines above."""
    if start == 0 and end is None:
        yield from blocks  # uncounted
        return
    for block in blocks:
        if end is not None and block.line > end:
            return
        last = block.line + block.lines - 1
        if block.line <= start:
            yield from _heading(block, min(start, last))
        if last > start:
            yield _cut(block, max(start + 1, block.line), last if end is None else min(end, last))


def _heading(block: Block, last: int) -> Iterator[Block]:
    """Return the header lines among those up to number `last`."""
    data = unpadded(block.data[: _offset(block, last + 1)])
    runs = [data[start:end] for start, end in header_runs(data)]
    first = data[: data.find(b"\n") + 1]
    if block.line == 1 and heads_rows(decoded(first).rstrip("\r\n")):
        runs.insert(0, first)
    if lines := b"".join(runs):
        yield Block(lines, block.line, lines.count(b"\n"))


def _cut(block: Block, first: int, last: int) -> Block:
    """Return the lines numbered `first` to `last` of a block that has them."""
    if (first, last) == (block.line, block.line + block.lines - 1):
        return block
    data = block.data[_offset(block, first) : _offset(block, last + 1)]
    return replace(block, data=data, line=first, counted=last - first + 1)


def _offset(block: Block, line: int) -> int:
    """Return the byte at which line number `line` begins in the block's data; its end, if the line is behind it."""
    at = 0
    for _ in range(line - block.line):
        at = block.data.find(b"\n", at) + 1 or len(block.data)
    return at
