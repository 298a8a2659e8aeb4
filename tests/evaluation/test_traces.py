"""What counts as found with stock logs: whoever names the parties and may mean the attack, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from evaluation.logsets import ALL, LOG_SETS, MINIMAL, STOCK, chosen
from evaluation.traces import NO_TRACE, Kind, add_found, naming
from simulation.site import Site
from simulation.truth import INFERRED, Event, event
from simulation.world import simulate
from tests.findings import plain
from zeeksmtp.model import Finding, Severity

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
MICROS = int(NOON.timestamp()) * 1_000_000


def guessing(**given: Any) -> Event:
    usual: dict[str, Any] = {"clients": ["203.0.113.9"], "servers": ["10.20.0.24"], "may": ["starttls-declined"]}
    return event("guessing", {"password-guessing": Severity.HIGH}, [MICROS, MICROS + 1], **(usual | given))


def said(detector: str, **given: Any) -> Finding:
    usual = {"first": NOON, "last": NOON + timedelta(minutes=1), "clients": ("203.0.113.9",), "severity": Severity.LOW}
    return plain(detector=detector, **(usual | given))


def found(*findings: Finding) -> int:
    kinds: dict[str, Kind] = {}
    add_found(kinds, STOCK, findings, [guessing()], seed=2)
    return kinds["guessing"].found(STOCK)


@pytest.mark.parametrize("detector", ["password-guessing", "smtp-probing"])
def test_an_event_is_found_by_whoever_may_mean_it(detector: str) -> None:
    assert found(said(detector)) == 1


@pytest.mark.parametrize(
    "finding",
    [
        said("starttls-declined"),
        said("identity-churn"),
        said("smtp-probing", clients=("203.0.113.10",)),
        said("smtp-probing", severity=Severity.INFO),
        said("smtp-probing", first=NOON + timedelta(days=1), last=NOON + timedelta(days=1)),
    ],
    ids=["a symptom", "another problem", "another client", "worth knowing", "another day"],
)
def test_an_event_is_not_found_by(finding: Finding) -> None:
    assert found(finding) == 0


def test_an_event_is_counted_once() -> None:
    assert found(said("smtp-probing"), said("password-guessing")) == 1


def test_more_logs_may_lose_an_event() -> None:
    kinds: dict[str, Kind] = {}
    add_found(kinds, STOCK, [said("smtp-probing")], [guessing()], seed=2)
    add_found(kinds, ALL, [], [guessing()], seed=2)
    assert len(kinds["guessing"].lost(STOCK, ALL)) == 1
    assert not kinds["guessing"].lost(ALL, STOCK)


def test_what_is_inferred_may_be_one_step_lower() -> None:
    assert guessing().inferred().must == {"password-guessing": Severity.MEDIUM}


def test_detectors_that_infer_may_name_what_they_stand_for() -> None:
    for inferring, observed in INFERRED.items():
        for detector in observed:
            assert inferring in naming(event("any", {detector: Severity.LOW}, [0]))


def test_sets_of_logs_hold_what_they_say() -> None:
    logs = {name: pl.DataFrame() for name in ("conn", "smtp", "ssl", "smtp_cmd", "smtp_auth", "smtp_session", "x509")}
    assert chosen(logs, ALL).keys() == logs.keys()
    assert chosen(logs, STOCK).keys() == {"conn", "smtp", "ssl", "x509"}
    assert chosen(logs, MINIMAL).keys() == {"conn", "smtp"}
    assert list(LOG_SETS) == [ALL, STOCK, MINIMAL]


def test_reasons_are_about_kinds_of_events_that_there_are() -> None:
    kinds = {event.kind for seed in (2, 4, 6, 8) for event in simulate(Site(seed, hosts=120, days=6)).events}
    assert NO_TRACE.keys() <= kinds


def test_a_password_in_clear_is_not_what_a_stealer_does() -> None:
    stealer = event("stealer", {"credential-exfiltration": Severity.HIGH}, [0], may=["cleartext-credentials"])
    assert naming(stealer) == {"credential-exfiltration"}
    assert "cleartext-submission" in stealer.may
