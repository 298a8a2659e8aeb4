"""Networks and countries from databases in MaxMind's format."""

from pathlib import Path

import pytest

from tests.geo_databases import ASN, COUNTRY, database
from zeeksmtp.errors import ConfigError
from zeeksmtp.geo import open_databases


def test_number_name_and_country_of_an_address(tmp_path: Path) -> None:
    paths = (database(tmp_path / "asn.mmdb", ASN), database(tmp_path / "country.mmdb", COUNTRY))
    geo = open_databases(paths)
    assert geo is not None
    assert geo.asn_of("198.51.100.7") == "AS64501 Example Carrier"
    assert [geo.country_of(host) for host in ("203.0.113.91", "198.51.100.7")] == ["NL", None]
    assert [geo.asn_of(host) for host in ("10.0.0.1", "2001:db8::1", "no address", "fe80::1%eth0")] == [None] * 4
    assert repr(open_databases(paths)) == repr(geo)


def test_the_form_of_ipinfo(tmp_path: Path) -> None:
    record = {"asn": "AS64502", "as_name": "Lite", "country": "Germany", "country_code": "DE"}
    geo = open_databases((database(tmp_path / "lite.mmdb", {"192.0.2.0/24": record}),))
    assert geo is not None
    assert (geo.asn_of("192.0.2.1"), geo.country_of("192.0.2.1")) == ("AS64502 Lite", "DE")


def test_no_database_and_one_that_is_none(tmp_path: Path) -> None:
    assert open_databases(()) is None
    (tmp_path / "bad.mmdb").write_text("no database")
    for path in (tmp_path / "bad.mmdb", tmp_path / "missing.mmdb"):
        with pytest.raises(ConfigError, match=path.name):
            open_databases((path,))
