"""From the words of a command to the request that the pipeline takes, and to the report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from zeeksmtp.cli import _progress
from zeeksmtp.errors import UsageError
from zeeksmtp.model import Window
from zeeksmtp.report import moments

if TYPE_CHECKING:
    from zeeksmtp.config import Settings
    from zeeksmtp.model import Report
    from zeeksmtp.report.filters import Filter


def settings(config: Path | None, local_net: list[str] | None, dask_scheduler: str | None = None) -> Settings:
    """Load the settings; flags win over all else."""
    from zeeksmtp import config as configuration  # noqa: PLC0415 - `--help` must not load the detectors

    nets = tuple(local_net) if local_net else None
    return configuration.load(config, local_nets=nets, dask_scheduler=dask_scheduler)


def window(since: str | None, until: str | None, timezone: str) -> Window:
    """Parse `--since` and `--until`; a time without zone is in `timezone`."""
    # A machine without a zone database still knows UTC.
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    now = datetime.now(zone)
    span = Window(moment("--since", since, zone, now), moment("--until", until, zone, now))
    if span.since and span.until and span.since >= span.until:
        raise UsageError("--since is not before --until; nothing lies between them")
    return span


def moment(option: str, text: str | None, zone: tzinfo, now: datetime) -> datetime | None:
    """Parse the time that an option names. Raises `UsageError` for what is none."""
    try:
        return None if text is None else moments.moment(text, zone, now)
    except ValueError:
        raise UsageError(f"{option} {text!r} is no time; {moments.HINT}") from None


def report_of(
    paths: Sequence[Path],
    settings: Settings,
    span: Window = Window(),  # noqa: B008 - it is frozen
    engine: str = "local",
    *,
    quiet: bool = False,
    complete: bool = False,
) -> Report:
    """Return the report over the logs under `paths`, with a progress bar for someone who watches.

    `complete`: a log that is missing had no line.
    """
    from zeeksmtp import pipeline  # noqa: PLC0415 - `--help` must not load polars

    with _progress.watching(quiet=quiet) as watch:
        request = pipeline.Request(
            tuple(paths), settings, span, engine, watch.progress, watch.started, watch.step, complete
        )
        return pipeline.run(request)


def filtered(report: Report, wanted: Filter) -> Report:
    """Return the part of a report that the filters choose; its first note says how much is left out."""
    from zeeksmtp.report.entries import FILTER_NOTE  # noqa: PLC0415 - not for `--help`
    from zeeksmtp.report.filters import narrowed  # noqa: PLC0415 - not for `--help`

    chosen = narrowed(report, wanted)
    if chosen is report:
        return report
    hidden = [
        f"{len(before) - len(after):,} of {len(before):,} {what}"
        for what, before, after in (
            ("incidents", report.incidents, chosen.incidents),
            ("findings", report.findings, chosen.findings),
        )
    ]
    notes = (f"{FILTER_NOTE} {' and '.join(hidden)}", *report.coverage.notes)
    return chosen.model_copy(update={"coverage": report.coverage.model_copy(update={"notes": notes})})
