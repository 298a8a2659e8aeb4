"""The little Markdown that the pages need."""

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Made by `make docs` from the code. Change the code, not this page. -->"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a bar in a cell does not end it."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines)


def page(title: str, *blocks: str) -> str:
    """Return a page: title, notice, blocks."""
    return "\n\n".join([f"# {title}", NOTICE, *blocks]) + "\n"


def code(text: str) -> str:
    """Return an inline code span."""
    return f"`{text}`"
