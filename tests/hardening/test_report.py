"""From recorded traffic to settings: in the report, in full on the terminal and the page, not on the first screen."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from tests.conftest import CAPTURES
from zeeksmtp.config import Settings
from zeeksmtp.model import Report, View
from zeeksmtp.outputs import html, terminal
from zeeksmtp.pipeline import Request, run
from zeeksmtp.rendering.pseudonyms import pseudonymise

TITLE = "Settings to copy"


@pytest.fixture(scope="module")
def report() -> Report:
    settings = Settings(local_nets=(ip_network("10.20.0.0/16"),))
    return run(Request((CAPTURES / "vrfy_scan" / "tsv",), settings))


def test_an_enumeration_has_settings_of_its_server_and_blocks_its_source(report: Report) -> None:
    (settings,) = (incident.settings for incident in report.incidents if "enumeration (VRFY)" in incident.title)
    found = {(one.software, one.lines) for one in settings if one.hosts}
    assert ("Postfix", ("disable_vrfy_command = yes",)) in found
    (attacker,) = {f.clients for f in report.findings if f.detector == "user-enumeration"}
    rules = {one.software: "\n".join(one.lines) for one in settings if not one.hosts}
    assert set(rules) == {"nftables", "pf"} and all(attacker[0] in text for text in rules.values())


def test_they_are_shown_in_full_and_not_on_the_first_screen(report: Report) -> None:
    assert TITLE not in terminal.render(report, View())
    assert TITLE in terminal.render(report, View(full=True))
    assert TITLE in terminal.render_entry(report.incidents[0], report, View())
    assert TITLE in html.render(report, View())


def test_pseudonyms_leave_them_out(report: Report) -> None:
    shown = pseudonymise(report)
    assert not any(thing.settings for thing in (*shown.incidents, *shown.findings))
