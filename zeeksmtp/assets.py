"""The site's own list of its hosts: a CSV file with name, owner, contact and role of addresses and networks."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final

from zeeksmtp.errors import ConfigError

COLUMNS: Final = ("address", "name", "owner", "contact", "role")
MAX_ASSETS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Asset:
    """What a line says of an address or of all hosts of a network."""

    name: str
    owner: str | None = None
    contact: str | None = None
    role: str | None = None


class Inventory:
    """Looks assets up by address; of several networks the smallest counts."""

    def __init__(self, lines: Sequence[tuple[IPv4Network | IPv6Network, Asset]] = ()) -> None:
        self._by_network = dict(lines)
        self._lengths = sorted({(n.version, n.prefixlen) for n in self._by_network}, reverse=True)

    def of(self, address: str) -> Asset | None:
        """Return what is known of an address; `None` for one that no line covers, or for text that is no address."""
        try:
            ip = ip_address(address.partition("%")[0])
        except ValueError:
            return None
        networks = (
            ip_network((ip, length), strict=False) for version, length in self._lengths if version == ip.version
        )
        return next((self._by_network[network] for network in networks if network in self._by_network), None)


@cache
def inventory(path: Path) -> Inventory:
    """Read an asset file. Raises `ConfigError` with the line that cannot be used."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return Inventory(list(_lines(path, csv.reader(file, strict=True))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"assets {path}: {error}; give a CSV file in UTF-8 with the columns {_HEAD}") from None


_HEAD = ",".join(COLUMNS)


def _lines(path: Path, rows: Iterator[list[str]]) -> Iterator[tuple[IPv4Network | IPv6Network, Asset]]:
    columns = [name.strip().lower() for name in next(rows, [])]
    if not {"address", "name"} <= set(columns):
        raise ConfigError(
            f"assets {path}:1: the first line names the columns, {_HEAD}; `address` and `name` are needed"
        )
    for number, row in enumerate(rows, 2):
        cells = {name: cell.strip() for name, cell in zip(columns, row, strict=False)}
        if not any(cells.values()):
            continue
        if number > MAX_ASSETS:
            raise ConfigError(f"assets {path}: more than {MAX_ASSETS:,} lines; name networks instead of hosts")
        try:
            network = ip_network(cells["address"])
        except ValueError as error:
            raise ConfigError(f"assets {path}:{number}: {error}; give an address or a network") from None
        more = {key: cells.get(key) or None for key in COLUMNS[2:]}
        yield network, Asset(name=cells.get("name") or cells["address"], **more)
