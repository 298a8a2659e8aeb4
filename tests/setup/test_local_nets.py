"""The site's networks are those of hosts that Zeek marks as local."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zeeksmtp.setup.local_nets import LocalNets, networks, seen_in


def conn_log(folder: Path, *sides: tuple[str, bool | None, str, bool | None]) -> Path:
    """Write a conn.log of SMTP connections: client and server, each with Zeek's flag."""
    log = folder / "conn.log"
    with log.open("w") as file:
        for number, (client, client_local, server, server_local) in enumerate(sides):
            row = {"ts": 1.7e9 + number, "uid": f"C{number}", "id.orig_h": client, "id.orig_p": 40000 + number}
            row |= {"id.resp_h": server, "id.resp_p": 25, "proto": "tcp", "service": "smtp", "conn_state": "SF"}
            row |= {"local_orig": client_local, "local_resp": server_local}
            file.write(json.dumps({key: value for key, value in row.items() if value is not None}) + "\n")
    return log


def test_local_sides_of_both_directions_count(tmp_path: Path) -> None:
    log = conn_log(
        tmp_path,
        ("198.51.100.7", True, "203.0.113.9", False),
        ("203.0.113.9", False, "198.51.101.25", True),
        ("2001:db8::5", True, "203.0.113.9", False),
    )
    assert seen_in([log]) == LocalNets(("198.51.100.0/23", "2001:db8::/64"), 3, usable=True)


def test_the_recorded_office(captures: Path) -> None:
    found = seen_in([captures / "mixed_office_day" / "tsv" / "conn.log"])
    assert found.usable
    assert all(network.startswith("10.20.") for network in found.networks)


@pytest.mark.parametrize("flag", [True, None])
def test_flags_that_are_all_the_same_carry_nothing(tmp_path: Path, *, flag: bool | None) -> None:
    assert not seen_in([conn_log(tmp_path, ("10.0.0.1", flag, "203.0.113.9", flag))]).usable


def test_without_a_conn_log_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "conn.log").write_text("no log\n")
    assert not seen_in([]).usable
    assert not seen_in([tmp_path / "conn.log"]).usable


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (["10.1.2.3", "10.1.2.200"], ["10.1.2.0/24"]),
        ([f"10.1.{subnet}.1" for subnet in range(0, 40, 2)], ["10.1.0.0/19", "10.1.32.0/21"]),
        ([f"10.{site}.0.1" for site in range(0, 40, 2)], [f"10.{site}.0.0/16" for site in range(0, 40, 2)]),
        (["127.0.0.1", "fe80::1", "::1", "224.0.0.1", "192.0.2.1"], ["192.0.2.0/24"]),
        (["fd00:1:2:3::1", "fd00:1:2:4::1"], ["fd00:1:2:3::/64", "fd00:1:2:4::/64"]),
    ],
)
def test_few_networks_hold_all_hosts(hosts: list[str], expected: list[str]) -> None:
    assert [str(network) for network in networks(hosts)] == expected
