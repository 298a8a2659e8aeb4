"""What each detector can do with the logs at hand, and what others would add."""

from __future__ import annotations

from zeeksmtp.model import Detector
from zeeksmtp.pipeline import detectors, logs
from zeeksmtp.report.inputs import coverage_of


def _coverage(*present: str) -> dict[str, str]:
    return dict(coverage_of(logs(), detectors(), set(present), ()).detectors)


def test_stock_logs_observe_some_and_leave_others_blind() -> None:
    stock = _coverage("conn", "smtp")
    assert stock["smtp-scan"] == "observed"
    assert stock["blocklisted-sender"] == "observed"
    assert stock["password-reuse"] == "blind"
    assert stock.keys() == {detector.id for detector in detectors()}


def test_one_log_of_the_package_shows_that_it_is_loaded() -> None:
    """Zeek creates a log with its first line: where nobody logs in without TLS there is no smtp_auth.log."""
    assert _coverage("conn", "smtp", "smtp_session")["cleartext-credentials"] == "observed"


def test_gains_name_the_package_once_and_only_who_does_better() -> None:
    gains = coverage_of(logs(), detectors(), {"conn", "smtp"}, ()).gains
    assert "cleartext-credentials" in gains["package"]
    assert "smtp-scan" not in gains["package"]
    assert not {"smtp_cmd", "smtp_auth", "smtp_session"} & gains.keys()
    assert "package" not in coverage_of(logs(), detectors(), {"conn", "smtp_cmd"}, ()).gains


def test_either_of_two_logs_is_enough() -> None:
    detector: Detector = next(d for d in detectors() if d.id == "blocklisted-sender")
    assert [detector.visibility({log}) for log in ("smtp", "smtp_cmd", "conn")] == ["observed", "observed", "blind"]
