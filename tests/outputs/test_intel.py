"""The intel file as Zeek's ASCII reader takes it (`#fields`, tabs, `-`): only attackers outside of the site."""

from __future__ import annotations

import shutil
import subprocess
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e import _runs
from tests.outputs._hostile import MARKUP, REFERENCES, hostile
from tests.outputs._reports import holding
from zeeksmtp.model import Report, View
from zeeksmtp.outputs import intel
from zeeksmtp.rendering.pseudonyms import pseudonymise


def attacked(report: Report, *addresses: str, **changes: Any) -> Report:
    """Return `report` with one incident that has `addresses` as attackers."""
    incident = report.incidents[0].model_copy(update={"attackers": addresses, **changes})
    return report.model_copy(update={"incidents": (incident,)})


def read(report: Report) -> list[dict[str, str]]:
    """Read the file as Zeek does: other lines with `#` are comments, each row has a value for each field."""
    text = intel.OUTPUT.render(report, View())
    head, *lines = text.removesuffix("\n").split("\n")
    assert head == "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url"
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    assert all(len(row) == 5 and all(row) for row in rows)
    assert all(line.isprintable() for row in rows for line in row)
    for row in rows:
        ip_address(row[0])
    return [dict(zip(head.split("\t")[1:], row, strict=True)) for row in rows]


def test_an_attacker(full: Report) -> None:
    (row,) = read(attacked(full, "203.0.113.9"))
    assert row == {
        "indicator": "203.0.113.9",
        "indicator_type": "Intel::ADDR",
        "meta.source": "zeeksmtp",
        "meta.desc": "critical: Cleartext password: account alice@corp.example (10.0.1.5 → 198.51.100.25)"
        " (incident 00000000000000aa, last 2026-11-24)",
        "meta.url": "-",
    }


def test_clients_that_are_no_attackers_are_not_in_it(full: Report, empty: Report) -> None:
    assert full.incidents[0].clients
    assert read(full) == read(empty) == []


def test_addresses_in_order_each_once_in_the_usual_form(full: Report) -> None:
    report = attacked(
        full, "2001:DB8:0::9", "203.0.113.10", "203.0.113.9", "2001:db8::9", "mail.example", "fe80::1%eth0"
    )
    assert [row["indicator"] for row in read(report)] == ["203.0.113.9", "203.0.113.10", "2001:db8::9"]


def test_a_site_that_is_not_known_has_no_outside(full: Report) -> None:
    coverage = full.coverage.model_copy(update={"unknown_site": "No host is known to be the site's own."})
    report = attacked(full, "203.0.113.9").model_copy(update={"coverage": coverage})
    assert read(report) == []
    assert "set local_nets" in intel.OUTPUT.render(report, View())


def test_pseudonyms_are_no_indicators(full: Report) -> None:
    assert read(pseudonymise(attacked(full, "203.0.113.9"))) == []


@pytest.mark.parametrize("title", [MARKUP, "a\tb\n#fields\tx", "-", "(empty)", "\ud800" * 400])
def test_hostile_strings(title: str, full: Report) -> None:
    (row,) = read(attacked(full, "203.0.113.9", title=title))
    assert len(row["meta.desc"]) < 2000
    read(hostile(full, title, keep=REFERENCES))


@given(text=st.text(max_size=20) | st.sampled_from(["10.0.0.1", "1.2.3.4\t", "::1%a"]))
def test_whatever_was_logged(text: str) -> None:
    read(attacked(holding(text), text, "203.0.113.9", title=text))


RECORDED = {
    "password_spray": {"203.0.113.60"},
    "vrfy_scan": {"203.0.113.66"},
    "account_abuse": {
        *("192.0.2.88", "198.18.21.4", "198.18.133.60", "198.19.66.12", "198.19.240.101", "203.0.113.171"),
    },
    "spambot_direct_to_mx": set(),
    "credential_exfiltration": set(),
}
"""Attackers outside, as the recordings were made; the bot and the stealer are hosts of the site."""


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_attacks(name: str) -> None:
    report = Report.model_validate(_runs.capture(name))
    assert report.incidents
    assert {row["indicator"] for row in read(report)} == RECORDED[name]


ZEEK_SCRIPT = """
@load base/frameworks/intel
redef exit_only_after_terminate = T;
redef Intel::read_files += { "%s" };
event Intel::read_entry(desc: Input::EventDescription, tpe: Input::Event, item: Intel::Item)
    { print fmt("%%s|%%s|%%s", item$indicator, item$indicator_type, item$meta$desc); }
event Intel::read_error(desc: Input::EventDescription, message: string, level: Reporter::Level)
    { print fmt("error|%%s", message); }
event Input::end_of_data(name: string, source: string) { terminate(); }
"""


@pytest.mark.skipif(shutil.which("zeek") is None, reason="zeek is not on PATH")
@pytest.mark.parametrize("title", ["Password spraying", "a\tb\n#fields\tx", "-", MARKUP])
def test_zeek_reads_it(title: str, full: Report, tmp_path: Path) -> None:
    report = attacked(full, "203.0.113.9", "2001:db8::9", title=title)
    (tmp_path / "intel.dat").write_text(intel.OUTPUT.render(report, View()))
    (tmp_path / "read.zeek").write_text(ZEEK_SCRIPT % (tmp_path / "intel.dat"))
    done = subprocess.run(
        ["zeek", "-b", "read.zeek"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    lines = done.stdout.splitlines()
    assert [line.split("|")[:2] for line in lines] == [["203.0.113.9", "Intel::ADDR"], ["2001:db8::9", "Intel::ADDR"]]
