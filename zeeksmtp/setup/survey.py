"""What `init` need not ask, because the machine shows it: log folder, networks, time zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zeeksmtp.errors import NoInputError
from zeeksmtp.setup import local_nets
from zeeksmtp.setup.local_nets import LocalNets
from zeeksmtp.setup.log_dirs import LOG_DIRS, LogDir, candidates, look
from zeeksmtp.setup.system_zone import system_zone


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found: the log folder to take, `others` that hold Zeek logs too, the site's networks, its time zone."""

    log_dir: LogDir
    others: Sequence[LogDir]
    local_nets: LocalNets
    timezone: str


def survey(named: Path | None) -> Survey:
    """Look at the `named` folder, or for one at the usual places (`LOG_DIRS`), and at the machine.

    Raises:
        NoInputError: The folder is not there, or none of the places has Zeek logs.
    """
    found = candidates(LOG_DIRS) if named is None else [look(named.absolute())]
    if not found:
        raise NoInputError(f"no Zeek logs in {', '.join(LOG_DIRS)}; name the folder that holds them with --log-dir")
    chosen, *others = found
    nets = local_nets.seen_in(chosen.last_of("conn", local_nets.MAX_FILES))
    return Survey(chosen, others, nets, system_zone())
