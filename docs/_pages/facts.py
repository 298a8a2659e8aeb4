"""docs/facts.md: the tables that `zeeksmtp export` leaves, with their columns."""

from collections.abc import Iterable, Sequence

import zeeksmtp.facts
import zeeksmtp.logs
from docs._pages._markdown import code, table
from docs._pages._markdown import page as whole
from zeeksmtp import registry
from zeeksmtp.dtypes import dtype_of
from zeeksmtp.model import Column

PAGE = "facts.md"
INTRO = """`zeeksmtp export PATH… -o DIR` leaves two kinds of table as Parquet. *Facts* (`DIR/facts/<fact>.parquet`) are
what detectors read: logs joined and judged, one row for one thing. *The lake* (`DIR/lake/<log>/*.parquet`) is what was
kept of the logs, one part for each file: only rows that concern SMTP, secrets redacted. A column is null where the logs
at hand cannot tell. Times are UTC."""


def _columns(columns: Sequence[Column]) -> str:
    return table(("column", "type", "meaning"), [(code(c.name), c.type, c.doc) for c in columns])


def _types(columns: Iterable[Column]) -> str:
    used = sorted({column.type for column in columns})
    return table(("Zeek type", "polars type"), [(name, code(str(dtype_of(name)))) for name in used])


def page() -> str:
    """Return the page."""
    facts = registry.discover(zeeksmtp.facts, "FACT").values()
    logs = registry.discover(zeeksmtp.logs, "LOG").values()
    blocks: list[str] = ["## Facts"]
    for fact in facts:
        blocks += [
            f"### {fact.name}",
            f"{fact.doc}",
            f"Made of: {', '.join(map(code, fact.needs))}.",
            _columns(fact.columns),
        ]
    blocks.append("## Lake")
    for log in logs:
        blocks += [f"### {log.name}.log", f"{log.doc}. Without it: {log.unseen}.", _columns(log.columns)]
    columns = [column for unit in (*facts, *logs) for column in unit.columns]
    return whole("Facts and lake", INTRO, *blocks, "## Types", _types(columns))
