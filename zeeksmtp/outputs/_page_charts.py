"""Which charts the page has; `_charts` draws them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zeeksmtp.model import Report, ServerPosture, Volume
from zeeksmtp.outputs import _charts, _sentences

SENDERS, SERVERS = 6, 6
"""How many senders and servers have a chart."""


@dataclass(frozen=True, slots=True)
class Charts:
    """The page's charts; senders and servers with the name that stands above."""

    hours: _charts.Chart | None
    senders: tuple[tuple[str, _charts.Chart], ...]
    servers: tuple[tuple[ServerPosture, _charts.Chart], ...]


def charts(report: Report) -> Charts:
    """Draw the charts."""
    told = any(count.count for count in report.traffic.hours)
    return Charts(
        hours=_charts.hours(report.traffic.hours) if told else None,
        senders=tuple(_sender_charts(report)),
        servers=tuple(_server_charts(report)),
    )


def _sender_charts(report: Report) -> Iterable[tuple[str, _charts.Chart]]:
    """Draw first who went furthest above what is usual, then the busiest."""
    by_client: dict[str, list[Volume]] = {}
    for volume in report.volumes:
        by_client.setdefault(volume.client, []).append(volume)
    ranked = sorted(by_client.items(), key=lambda item: (*_rank(item[1]), item[0]))
    if not ranked:
        return
    ends = [volume.hour for volume in report.volumes]
    days = _charts.whole_days([*ends, *([report.window.first, report.window.last] if report.window else [])])
    for client, volumes in ranked[:SENDERS]:
        yield client, _charts.sender(volumes, days)


def _rank(volumes: list[Volume]) -> tuple[float, int]:
    above = (_charts.judged(volume) - (volume.upper or 0) for volume in volumes if _charts.is_above(volume))
    return -max(above, default=0), -max(map(_charts.judged, volumes))


def _server_charts(report: Report) -> Iterable[tuple[ServerPosture, _charts.Chart]]:
    """Draw the servers that were seen on several days, the busiest first."""
    if not _sentences.shows_tls(report):
        return
    known = [server for server in report.posture.servers if len(server.days) > 1]
    for server in sorted(known, key=lambda s: (-s.sessions, s.server, s.port))[:SERVERS]:
        yield server, _charts.tls_by_day(server.days)
