"""No report is larger than people and programs can take, whatever strangers made the logs hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, takewhile
from typing import Any, Final

from zeeksmtp.escaping import cut
from zeeksmtp.model import Report
from zeeksmtp.model.finding import Shape

MAX_BYTES: Final = 8_000_000
"""Of a report as JSON. Other forms say things several times, and stay below 20 MB."""
MAX_CHARACTERS, MAX_ITEMS = 200, 100
"""Of a text, and of a list inside a finding or incident, in a report that would be larger."""
_SHARES = {
    "findings": 0.35,
    "incidents": 0.2,
    "credentials_to_change": 0.1,
    "roles": 0.05,
    "volumes": 0.05,
    "errors": 0.05,
}
_SHARE_OF_FILES, _SHARE_OF_SERVERS = 0.08, 0.05


def within_size(report: Report, limit: int = MAX_BYTES) -> Report:
    """Return a report of at most `limit` bytes: first texts and lists are shortened, then the least urgent left out.

    What was left out is counted in `coverage.notes`.
    """
    for smaller in (_shortened, _fewer):
        if len(report.model_dump_json()) <= limit:
            return report
        report = smaller(report, limit)
    return report


def _shortened(report: Report, _limit: int) -> Report:
    return Report.model_validate({name: _short(value) for name, value in report.model_dump(by_alias=True).items()})


def _short(value: Any) -> Any:
    match value:
        case str():
            return cut(value, MAX_CHARACTERS)
        case list() | tuple() if value and isinstance(value[0], str):
            return [_short(part) for part in value[:MAX_ITEMS]]
        case list() | tuple():
            return [_short(part) for part in value]
        case dict():
            return {cut(str(key), MAX_CHARACTERS): _short(part) for key, part in value.items()}
    return value


def _fewer(report: Report, limit: int) -> Report:
    left: dict[str, int] = {}

    def first(name: str, items: Sequence[Shape], share: float) -> tuple[Shape, ...]:
        kept = _first(items, int(share * limit))
        left[name] = len(items) - len(kept)
        return kept

    update: dict[str, Any] = {name: first(name, getattr(report, name), share) for name, share in _SHARES.items()}
    files = first("files", report.inputs.files, _SHARE_OF_FILES)
    servers = first("servers", report.posture.servers, _SHARE_OF_SERVERS)
    missing = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in left.items() if number)
    note = (
        f"Left out, as the report would be larger than {limit / 1e6:g} MB: {missing}; narrow it by --since or filters"
    )
    return report.model_copy(
        update={
            **update,
            "inputs": report.inputs.model_copy(update={"files": files}),
            "posture": report.posture.model_copy(update={"servers": servers}),
            "coverage": report.coverage.model_copy(update={"notes": (note, *report.coverage.notes)}),
            "hosts": _named(report, update["findings"]),
        }
    )


def _first(items: Sequence[Shape], budget: int) -> tuple[Shape, ...]:
    """Return the first items, as many as their JSON has room in `budget` bytes."""
    sizes = accumulate(len(item.model_dump_json()) + 1 for item in items)
    return tuple(items[: sum(1 for _ in takewhile(lambda size: size <= budget, sizes))])


def _named(report: Report, findings: Iterable[Any]) -> dict[str, Any]:
    shown = {host for finding in findings for host in (*finding.clients, *finding.servers)}
    return {host: names for host, names in report.hosts.items() if host in shown}
