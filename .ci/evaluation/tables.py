"""Tables and shares as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from evaluation.intervals import lower


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a table and an empty one."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"
    yield ""


def share(hits: int, trials: int) -> tuple[str, str]:
    """Return a share and its lower bound, both empty where nothing was tried."""
    return (f"{hits / trials:.3f}", f"{lower(hits, trials):.3f}") if trials else ("", "")
