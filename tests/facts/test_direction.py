"""Guards which way a connection is said to point: config before Zeek's flags before the explicit list."""

from ipaddress import ip_network

import pytest

from tests.facts.tables import CONNECTION, fact
from zeeksmtp.model import Site

TEN = Site(local_nets=(ip_network("10.0.0.0/8"), ip_network("2001:db8:20::/44")))


def direction(client: str, server: str, site: Site | None = None, flags: tuple[bool, bool] | None = None) -> str:
    row = CONNECTION | {"client": client, "server": server, "conn_state": "SF"}
    if flags is not None:
        row |= {"local_orig": flags[0], "local_resp": flags[1]}
    # A second connection keeps Zeek's flags informative: not every row says local.
    other = CONNECTION | {
        "uid": "C2",
        "client": "203.0.113.1",
        "local_orig": False,
        "local_resp": True,
        "conn_state": "SF",
    }
    found = fact("session", site, conn=[row, other])
    return str(next(r["direction"] for r in found if r["uid"] == "C1"))


@pytest.mark.parametrize(
    ("client", "server", "expected"),
    [
        ("10.0.1.5", "10.0.0.25", "internal"),
        ("10.0.1.5", "198.51.100.1", "outbound"),
        ("203.0.113.9", "10.0.0.25", "inbound"),
        ("203.0.113.9", "198.51.100.1", "external"),
        ("2001:db8:20:1::10", "2001:db8:20::25", "internal"),
        ("2001:db8:bad::5", "2001:db8:20::25", "inbound"),
        ("::ffff:10.0.1.5", "203.0.113.9", "outbound"),
        ("192.168.1.1", "10.0.0.25", "inbound"),
        ("no address", "10.0.0.25", "unknown"),
    ],
)
def test_config_decides_alone(client: str, server: str, expected: str) -> None:
    assert direction(client, server, TEN, flags=(True, True)) == expected


def test_zeeks_flags_decide_where_config_is_silent() -> None:
    assert direction("10.0.1.5", "198.51.100.1", flags=(False, True)) == "inbound"


@pytest.mark.parametrize(
    "net", ["172.16.3.4", "192.168.1.1", "100.64.0.9", "127.0.0.1", "169.254.1.1", "fd00::1", "fe80::1"]
)
def test_without_flags_the_explicit_list_decides(net: str) -> None:
    assert direction(net, "8.8.8.8") == "outbound"


@pytest.mark.parametrize("net", ["192.0.2.1", "198.18.0.1", "203.0.113.7", "2001:db8::1"])
def test_documentation_networks_are_not_local(net: str) -> None:
    assert direction("10.0.1.5", net) == "outbound"


def test_flags_that_say_local_everywhere_carry_nothing() -> None:
    rows = [
        CONNECTION | {"server": "198.51.100.1", "local_orig": True, "local_resp": True, "conn_state": "SF"},
        CONNECTION | {"uid": "C2", "local_orig": True, "local_resp": True, "conn_state": "SF"},
    ]
    found = {row["uid"]: row["direction"] for row in fact("session", conn=rows)}
    assert found == {"C1": "outbound", "C2": "internal"}
