"""Which charts the page has; `_charts` draws them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from zeeksmtp.model import Day, Report, Volume
from zeeksmtp.outputs import _charts
from zeeksmtp.outputs._chart_shapes import Chart
from zeeksmtp.rendering import sentences

MAX_SENDER_CHARTS = MAX_SERVER_CHARTS = 6


@dataclass(frozen=True, slots=True)
class Charts:
    """The page's charts; those of senders and servers with the name that stands above."""

    hours: Chart | None
    senders: tuple[tuple[str, Chart], ...]
    servers: tuple[tuple[str, Chart], ...]
    weeks: Chart | None = None


def charts(report: Report) -> Charts:
    """Draw the charts of a report."""
    has_hours = any(count.count for count in report.traffic.hours)
    return Charts(
        hours=_charts.hours(report.traffic.hours) if has_hours else None,
        senders=tuple(_sender_charts(report)),
        servers=tuple(_server_charts(report)),
        weeks=_weeks(report),
    )


def _weeks(report: Report) -> Chart | None:
    """Draw the share of TLS of the site's servers by week, if there are two weeks or more."""
    days = [day for server in report.posture.servers if server.tls_sessions is not None for day in server.days]
    weeks = {day.day.isocalendar()[:2] for day in days}
    return _charts.tls_by_week(days) if len(weeks) > 1 and sentences.shows_tls(report) else None


def _sender_charts(report: Report) -> Iterable[tuple[str, Chart]]:
    """Draw first who went furthest above what is usual, then the busiest."""
    by_client: dict[str, list[Volume]] = {}
    for volume in report.volumes:
        by_client.setdefault(volume.client, []).append(volume)
    ranked = sorted(by_client.items(), key=lambda item: (*_rank(item[1]), item[0]))
    if not ranked:
        return
    ends = [volume.hour for volume in report.volumes]
    days = _charts.whole_days([*ends, *([report.window.first, report.window.last] if report.window else [])])
    for client, volumes in ranked[:MAX_SENDER_CHARTS]:
        yield client, _charts.sender(volumes, days)


def _rank(volumes: list[Volume]) -> tuple[float, int]:
    excess = (_charts.compared_value(volume) - (volume.upper or 0) for volume in volumes if _charts.is_above(volume))
    return -max(excess, default=0), -max(map(_charts.compared_value, volumes))


def _server_charts(report: Report) -> Iterable[tuple[str, Chart]]:
    """Draw the site's servers together, then those with several days of sessions, the busiest first."""
    if not sentences.shows_tls(report):
        return
    several = [server for server in report.posture.servers if len(server.days) > 1 and server.tls_sessions is not None]
    if len(several) > 1:
        yield "All servers of the site", _charts.tls_by_day(_sums(day for server in several for day in server.days))
    for server in sorted(several, key=lambda s: (-s.sessions, s.server, s.port))[:MAX_SERVER_CHARTS]:
        yield f"{server.server} port {server.port}", _charts.tls_by_day(server.days)


def _sums(days: Iterable[Day]) -> list[Day]:
    sessions: dict[datetime, int] = defaultdict(int)
    with_tls: dict[datetime, int] = defaultdict(int)
    for day in days:
        sessions[day.day] += day.sessions
        with_tls[day.day] += day.tls_sessions
    return [Day(day=day, sessions=sessions[day], tls_sessions=with_tls[day]) for day in sorted(sessions)]
