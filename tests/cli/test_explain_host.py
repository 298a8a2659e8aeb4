"""`zeeksmtp explain-host`: every detector has an answer, and the settings that it names do what they say."""

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import ROOT, Run
from zeeksmtp.errors import ExitCode
from zeeksmtp.pipeline import detectors

OFFICE = ROOT / "fixtures" / "scenarios" / "office" / "logs"
BOT = "10.20.1.15"


def explained(run: Run, host: str, *words: object) -> dict[str, Any]:
    """Return what each detector says of a host, by id."""
    ended = run("explain-host", host, OFFICE, "--format", "json", *words)
    assert (ended.code, ended.err) == (ExitCode.OK, "")
    return {view["detector"]: view for view in json.loads(ended.out)["detectors"]}


def findings(run: Run, config: Path) -> set[str]:
    """Return the detectors of the findings about the host with another configuration."""
    report = json.loads(run("report", OFFICE, "--format", "json", "--config", config, "--client", BOT).out)
    return {finding["detector"] for finding in report["findings"]}


def test_every_detector_has_an_answer(zeeksmtp: Run) -> None:
    views = explained(zeeksmtp, BOT)
    assert views.keys() == {detector.id for detector in detectors()}
    assert (views["certificate-expiry"]["status"], views["certificate-expiry"]["missing"]) == ("logs-missing", ["x509"])
    assert views["stale-password"]["status"] == "no-rows"
    assert views["enumeration-oracle"]["status"] == "not-met"
    assert views["enumeration-oracle"]["rows"] == {"query": 276}
    report = json.loads(zeeksmtp("report", OFFICE, "--format", "json", "--client", BOT).out)
    fired = {f["id"] for view in views.values() if view["status"] == "fired" for f in view["findings"]}
    assert fired == {finding["id"] for finding in report["findings"]}


def test_the_setting_that_it_names_makes_the_detector_fire(zeeksmtp: Run, tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    view = explained(zeeksmtp, BOT)["user-enumeration"]
    alpha = next(setting for setting in view["settings"] if setting["setting"] == "alpha")
    assert alpha["value"] < alpha["needed"] < 1
    assert view["score"] < view["alarm_at"]
    for value, fires in ((alpha["needed"], True), (alpha["value"], False)):
        config.write_text(f"alpha = {value}\n")
        assert ("user-enumeration" in findings(zeeksmtp, config)) is fires


def test_a_raised_threshold_is_what_it_finds(zeeksmtp: Run, tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    config.write_text("[detectors.new-direct-sender]\nmin_servers = 100\n")
    (setting,) = explained(zeeksmtp, BOT, "--config", config)["new-direct-sender"]["settings"]
    assert (setting["setting"], setting["value"]) == ("min_servers", 100)
    for value, fires in ((setting["needed"], True), (setting["needed"] + 10, False)):
        config.write_text(f"[detectors.new-direct-sender]\nmin_servers = {value}\n")
        assert ("new-direct-sender" in findings(zeeksmtp, config)) is fires


def test_the_text_says_what_would_be_needed(zeeksmtp: Run) -> None:
    text = " ".join(zeeksmtp("explain-host", BOT, OFFICE).out.split())
    assert "user-enumeration: score 2.3, alarm at 13.8; would fire with alpha = " in text
    assert "certificate-expiry: x509.log not found" in text
    assert "enumeration-oracle: saw 276 rows of query" in text
