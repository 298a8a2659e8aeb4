"""Real MaxMind-format databases, small ones, for the tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]

ASN: Mapping[str, Mapping[str, Any]] = {
    "203.0.113.0/25": {"autonomous_system_number": 64500, "autonomous_system_organization": "Badnet <b>Ltd</b>"},
    "198.51.100.0/24": {"autonomous_system_number": 64501, "autonomous_system_organization": "Example Carrier"},
    "203.0.113.128/25": {"autonomous_system_number": 64501, "autonomous_system_organization": "Example Carrier"},
}
COUNTRY: Mapping[str, Mapping[str, Any]] = {"203.0.113.0/24": {"country": {"iso_code": "NL"}}}


def database(path: Path, networks: Mapping[str, Mapping[str, Any]], kind: str = "Test") -> Path:
    """Write a database of these networks, and return its path."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type=kind, int_type="u32")
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), dict(record))
    writer.to_db_file(str(path))
    return path
