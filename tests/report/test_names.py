"""Names of hosts in the report: every source, surest first; networks by autonomous system where they are known."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.cases import cases
from tests.geo_databases import ASN, COUNTRY, database
from zeeksmtp.cli import app
from zeeksmtp.errors import ExitCode
from zeeksmtp.geo import open_databases
from zeeksmtp.model import Hosts, Site

ROOT = Path(__file__).parents[2]
OFFICE = ROOT / "fixtures" / "scenarios" / "office" / "logs"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a configuration with an asset file and two databases."""
    asn, country = database(tmp_path / "asn.mmdb", ASN), database(tmp_path / "country.mmdb", COUNTRY)
    assets = tmp_path / "hosts.csv"
    assets.write_text("address,name,owner,contact,role\n10.20.1.200,printer \x1b[31m3,Facilities,it@corp.example,mfp\n")
    path = tmp_path / "zeeksmtp.toml"
    path.write_text(f'assets = "{assets}"\nmmdb = ["{asn}", "{country}"]\n')
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """Run the program and return what it prints."""
    code = app.run([str(word) for word in words])
    streams = capsys.readouterr()
    assert (code, streams.err) == (ExitCode.OK, "")
    return streams.out


def test_every_source_surest_first(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report: dict[str, Any] = json.loads(run(capsys, "report", OFFICE, "--format", "json", "--config", config))
    hosts = report["hosts"]
    printer, helo = hosts["10.20.1.200"]
    assert (printer["source"], printer["owner"], printer["contact"]) == ("asset", "Facilities", "it@corp.example")
    assert (helo["source"], helo["name"], helo["owner"]) == ("helo", "printer3.corp.example", None)
    assert [(name["source"], name["name"]) for name in hosts["203.0.113.91"]] == [
        ("helo", "scan-91.badnet.example"),
        ("mmdb", "AS64500 Badnet <b>Ltd</b>, NL"),
    ]
    mail_exchanger = {name["source"]: name["name"] for name in hosts["198.51.100.10"]}
    assert mail_exchanger["banner"] == mail_exchanger["dns"] == "mx1.nordwind.example"
    assert mail_exchanger["mmdb"] == "AS64501 Example Carrier"
    sources = ["asset", "banner", "dns", "sni", "helo", "mmdb"]
    for names in hosts.values():
        ranks = [sources.index(name["source"]) for name in names]
        assert ranks == sorted(ranks)


def test_every_form_escapes_them(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("terminal", "html", "markdown"):
        text = run(capsys, "report", OFFICE, "--full", "--format", form, "--config", config)
        assert re.search(r"printer.{1,3}x1b.{1,3}31m3", text)
        assert "\x1b" not in text
        assert "Badnet <b>Ltd</b>" not in text or form == "terminal"


def test_pseudonymised_they_are_gone(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "report", OFFICE, "--format", "json", "--config", config, "--pseudonymise")
    assert not [
        word
        for word in ("printer \\x1b", "printer3", "Facilities", "it@corp", "mfp", "Badnet", "Carrier")
        if word in text
    ]


def test_networks_are_autonomous_systems_where_known(tmp_path: Path) -> None:
    geo = open_databases((database(tmp_path / "asn.mmdb", ASN),))
    hosts = Hosts((), geo)
    assert hosts.network_of("203.0.113.200") == hosts.network_of("198.51.100.9") == "AS64501 Example Carrier"
    assert (hosts.network_of("192.0.2.9"), Hosts().network_of("203.0.113.200")) == ("192.0.2.0/24", "203.0.113.0/24")
    rows = pl.LazyFrame({"client": ["203.0.113.1", None, "192.0.2.1", "203.0.113.1"]})
    network = Site(geo=geo).network(pl.col("client"), pl.lit("other"))
    known = "AS64500 Badnet <b>Ltd</b>"
    assert rows.select(network).collect().to_series().to_list() == [known, "other", "other", known]


def test_account_abuse_counts_autonomous_systems(tmp_path: Path) -> None:
    """Five /16 networks of one carrier are one place; without a database they are five."""
    case = next(c for c in cases() if c.detector.id == "account-abuse" and c.logs and "network" in c.name)
    assert case.findings()
    every = {"0.0.0.0/1": ASN["198.51.100.0/24"], "128.0.0.0/1": ASN["198.51.100.0/24"]}
    geo = open_databases((database(tmp_path / "asn.mmdb", every),))
    case = replace(case, site={**case.site, "geo": geo})
    assert not [f for f in case.findings() if f.visibility == "observed"]
