"""Guards the page of one incident for a terminal: what to do comes first, and long lists are whole at the end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from tests.correlate._findings import finding, incidents
from zeeksmtp.model import View
from zeeksmtp.rendering.console import console, printed
from zeeksmtp.rendering.detail import detail
from zeeksmtp.report.entries import EntrySource

SERVERS = tuple(f"198.51.100.{n}" for n in range(1, 31))


def lines() -> list[str]:
    bot = finding(detector="new-direct-sender", clients=("10.0.1.5",), servers=SERVERS, accounts=("drop",))
    (incident,) = incidents(bot)
    report = cast("EntrySource", SimpleNamespace(incidents=(incident,), findings=(bot,), hosts={}))
    return printed(console(3000), list(detail(incident, report, View()))).splitlines()


def test_what_to_do_stands_below_the_title() -> None:
    shown = [line.strip() for line in lines()]
    assert "What to do" in shown[1]
    assert "Change the password of drop." in shown[2]


def test_the_head_names_ten_servers_and_the_end_all() -> None:
    who = next(line for line in lines() if "Who" in line)
    assert SERVERS[0] in who and SERVERS[8] not in who and "and 20 more" in who
    everything = next(line for line in lines() if "Servers" in line)
    assert all(server in everything for server in SERVERS)
    assert lines().index(who) < lines().index(everything)
