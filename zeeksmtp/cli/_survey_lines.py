"""What `init` found on the machine, in a line each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zeeksmtp.setup.local_nets import LocalNets
    from zeeksmtp.setup.log_dirs import LogDir
    from zeeksmtp.setup.survey import Survey

_MAX_NETWORKS = 6


def lines(survey: Survey, settle_seconds: int, now: float) -> Iterator[str]:
    """Yield what was found and what it means for the first pass; `now` in seconds since 1970."""
    yield f"log_dir: {_folder(survey.log_dir)}"
    for other in survey.others:
        yield f"not used: {_folder(other)}; choose it with --log-dir"
    yield from _settling(survey.log_dir, settle_seconds, now)
    yield f"local networks: {_networks(survey.local_nets)}"
    yield f"timezone: {survey.timezone}, as this machine has it"


def _folder(found: LogDir) -> str:
    counts = ", ".join(f"{number:,} {log}" for log, number in sorted(found.counts.items()))
    newest = f", newest of {datetime.fromtimestamp(found.newest, UTC):%Y-%m-%d %H:%M} UTC" if counts else ""
    return f"{found.path} ({counts or 'no Zeek log yet'}{newest})"


def _settling(found: LogDir, settle_seconds: int, now: float) -> Iterator[str]:
    unsettled = found.unsettled(settle_seconds, now)
    if unsettled:
        files = f"{unsettled:,} files were" if unsettled > 1 else "1 file was"
        taken = "they are" if unsettled > 1 else "it is"
        yield f"{files} written less than {settle_seconds} s ago: {taken} taken by the next pass"


def _networks(nets: LocalNets) -> str:
    if not nets.usable:
        return "private addresses, as conn.log does not show which hosts are local; set local_nets for others"
    shown = ", ".join(nets.networks[:_MAX_NETWORKS])
    more = f" and {len(nets.networks) - _MAX_NETWORKS} more" if len(nets.networks) > _MAX_NETWORKS else ""
    hosts = f"{nets.hosts:,} hosts" if nets.hosts > 1 else "1 host"
    return f"{shown}{more} ({hosts} with SMTP); Zeek decides for each connection, unless local_nets is set"
