"""The little of man(7) that the man page needs."""

import re
from collections.abc import Iterable


def text(words: str) -> str:
    """Return words as roff: no character of them is a request or an escape, code spans are bold."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-")
    bold = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", escaped)
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in bold.splitlines())


def section(head: str, *blocks: str) -> str:
    """Return a section of blocks."""
    return "\n".join([f".SH {text(head).upper()}", *blocks])


def subsection(head: str, *blocks: str) -> str:
    """Return a part of a section."""
    return "\n".join([f'.SS "{text(head)}"', *blocks])


def paragraphs(words: str) -> Iterable[str]:
    """Yield each paragraph of `words`, parted by blank lines."""
    for paragraph in words.strip().split("\n\n"):
        yield f".PP\n{text(paragraph)}"


def definitions(rows: Iterable[tuple[str, str]]) -> Iterable[str]:
    """Yield a tagged paragraph for each (tag, meaning)."""
    for tag, meaning in rows:
        yield f".TP\n{text(tag)}\n{text(meaning)}"


def literal(lines: str) -> str:
    """Return lines that are not filled: examples."""
    return f".PP\n.nf\n{text(lines)}\n.fi"
