"""Guards that the report of a site on public addresses says so, with the networks that it probably has."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

import pytest

from tests.facts.tables import LINE, facts
from zeeksmtp.model import Context, Site
from zeeksmtp.report.site import unknown_site


def said(pairs: Sequence[tuple[str, str]], site: Site | None = None) -> str | None:
    rows: list[dict[str, Any]] = [
        LINE | {"uid": f"C{n}", "client_port": n, "client": client, "server": server, "banner": "mx"}
        for n, (client, server) in enumerate(pairs)
    ]
    site = site or Site()
    return unknown_site(facts({"smtp_session": rows}, site), Context(site), lambda plan: plan.collect())


OUTWARD = [("147.32.84.165", f"64.12.{n}.1") for n in range(5)]
INWARD = [(f"203.0.{n}.9", "147.32.84.25") for n in range(5)]
OVER_IPV6 = [(f"2001:db8:{n}::9", "2001:db8:ffff::25") for n in range(5)]


@pytest.mark.parametrize(
    ("pairs", "networks"),
    [
        (OUTWARD, "147.32.84.0/24"),
        (OUTWARD + INWARD, "147.32.84.0/24"),
        (OVER_IPV6, "2001:db8:ffff::/64"),
    ],
)
def test_the_network_with_an_end_of_all_sessions_is_proposed(pairs: list[tuple[str, str]], networks: str) -> None:
    assert f"--local-net {networks}." in (said(pairs) or "")


def test_several_networks_are_proposed_where_none_explains_all() -> None:
    other = [(f"203.0.{n}.9", "198.51.100.25") for n in range(5)]
    assert "--local-net 147.32.84.0/24 --local-net 198.51.100.0/24." in (said([*OUTWARD, *INWARD, *other]) or "")


def test_nothing_is_said_where_the_site_is_known() -> None:
    assert said(OUTWARD, Site((ip_network("147.32.0.0/16"),))) is None
    assert said([("10.0.1.5", "64.12.1.1")]) is None
    assert said([]) is None
