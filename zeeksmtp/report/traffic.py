"""The mail of the window in sums: what a mail administrator expects of a daily summary."""

from __future__ import annotations

import polars as pl

from zeeksmtp.model import Collect, Count, Tables, Traffic

_MAX_ROWS = 20


def traffic_of(tables: Tables, collect: Collect) -> Traffic:
    """Return the sums of the window."""
    counted = collect(tables["mail_volume"])
    of_kind = {kind: counted.filter(pl.col("kind") == kind) for kind in ("sender", "client", "recipient_domain")}
    # Without smtp_cmd.log the last replies of the mails have to do.
    kind = "refused" if "command" in counted["kind"] else "last"
    hours = dict(counted.filter(pl.col("kind") == "hour").select("name", "times").iter_rows())
    return Traffic(
        senders=_top(of_kind["sender"]),
        clients=_top(of_kind["client"]),
        recipient_domains=_top(of_kind["recipient_domain"]),
        refusals=_top(counted.filter(pl.col("kind") == kind)),
        hours=tuple(Count(name=f"{hour:02}", count=hours.get(f"{hour:02}", 0)) for hour in range(24)),
    )


def _top(counted: pl.DataFrame) -> tuple[Count, ...]:
    """Return the most frequent; ties by name."""
    rows = counted.sort("times", "name", descending=[True, False]).head(_MAX_ROWS)
    return tuple(Count(name=name, count=count) for name, count in rows.select("name", "times").iter_rows())
