"""Networks and countries of addresses, from MaxMind-format databases that the operator has: never a network look-up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeeksmtp.errors import ConfigError

if TYPE_CHECKING:
    import maxminddb


@dataclass(frozen=True, slots=True)
class GeoDatabases:
    """Databases by path, as GeoLite2, GeoIP2, DB-IP and IPinfo publish them, and when each was built.

    Two are equal, and have one `repr`, if they give the same answers: what was computed with them can be kept.
    """

    files: tuple[tuple[Path, int], ...]

    def asn_of(self, address: str) -> str | None:
        """Return the autonomous system that an address belongs to: `AS64500 Example Networks`."""
        for record in self._records(address):
            # GeoLite2 and DB-IP give a number and a name, IPinfo gives `AS64500`.
            number = record.get("autonomous_system_number") or record.get("asn")
            if number:
                name = record.get("autonomous_system_organization") or record.get("as_name") or ""
                return f"AS{str(number).removeprefix('AS')} {name}".strip()
        return None

    def country_of(self, address: str) -> str | None:
        """Return the ISO code of the country that an address is registered in."""
        for record in self._records(address):
            country = record.get("country") or record.get("registered_country")
            code = record.get("country_code") or (country.get("iso_code") if isinstance(country, Mapping) else country)
            if code:
                return str(code)
        return None

    def _records(self, address: str) -> Iterator[Mapping[str, Any]]:
        try:
            ip = ip_address(address.partition("%")[0])
        except ValueError:
            return
        for path, _ in self.files:
            reader = _reader(path)
            record = reader.get(ip) if ip.version <= _version(reader) else None
            if isinstance(record, Mapping):
                yield record


def _version(reader: maxminddb.reader.Reader) -> int:
    """Return the newest version of addresses that a database has: one of version 6 has those of 4, too."""
    return reader.metadata().ip_version


def open_databases(paths: tuple[Path, ...]) -> GeoDatabases | None:
    """Open databases; `None` if there are none. Raises `ConfigError` for one that cannot be used."""
    if not paths:
        return None
    return GeoDatabases(tuple((path, _reader(path).metadata().build_epoch) for path in paths))


@cache
def _reader(path: Path) -> maxminddb.reader.Reader:
    try:
        import maxminddb  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError("mmdb: install zeeksmtp[geo] to read MaxMind databases") from None
    try:
        return maxminddb.open_database(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise ConfigError(f"mmdb {path}: {error}; give a database in MaxMind's format (.mmdb)") from None
