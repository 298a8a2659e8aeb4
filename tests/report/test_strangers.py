"""Guards that findings per stranger are bounded, that nothing is lost in the counts, and that ids stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from tests.cases import DETECTORS
from zeeksmtp.correlate.wording import JOINED
from zeeksmtp.dtypes import finding_schema
from zeeksmtp.model import FINDING
from zeeksmtp.report import findings_of
from zeeksmtp.report.strangers import MAX_OWN, MAX_STRANGERS, bounded

DETECTOR = DETECTORS["password-guessing"]
AT = datetime(2026, 11, 2, tzinfo=UTC)
OWN = pl.Series(["10.0.0.25", "10.0.1.1"])


def row(client: str, count: int, severity: str = "high", account: str = "a") -> dict[str, Any]:
    terms = {"refused": float(count), "sources": 1.0, "accounts_tried": 1.0}
    details = {"who": [client], "scope": ["1 account"], "note": []}
    return {
        "key": [client, "10.0.0.25"],
        "severity": severity,
        "confidence": "high",
        "first": AT,
        "last": AT + timedelta(seconds=count),
        "count": count,
        "clients": [client],
        "servers": ["10.0.0.25"],
        "accounts": [account],
        "terms": [{"name": name, "value": value, "weight": 1.0} for name, value in terms.items()],
        "details": [{"name": name, "values": values} for name, values in details.items()],
        "test": None,
        "uids": [f"C{client}"],
        "attack": [],
        "visibility": "",
    }


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=finding_schema(FINDING), orient="row")


def strangers(number: int) -> list[dict[str, Any]]:
    return [row(f"203.{n // 65536}.{n // 256 % 256}.{n % 256}", n + 1) for n in range(number)]


def test_few_findings_stay_as_they_are() -> None:
    rows = frame(strangers(MAX_STRANGERS))
    assert bounded(rows, OWN).equals(rows)


def test_the_loudest_strangers_are_listed_and_the_rest_is_one() -> None:
    rows = frame(strangers(10 * MAX_STRANGERS))
    shown = bounded(rows, OWN)
    assert len(shown) == MAX_STRANGERS + 1
    assert shown["count"].sum() == rows["count"].sum()
    assert shown["count"].head(MAX_STRANGERS).min() == 9 * MAX_STRANGERS + 1
    assert bounded(rows.reverse(), OWN).equals(shown)


def test_the_finding_of_the_rest_says_how_many_it_stands_for() -> None:
    (*_, rest) = findings_of(DETECTOR, bounded(frame(strangers(1200)), OWN))
    assert rest.title == "1,000 quieter findings in one: Password guessing against 10.0.0.25"
    assert {term.name: term.value for term in rest.evidence.terms}[JOINED] == 1000
    assert rest.summary == "500,500 failed logins from 1,000 sources."
    assert (len(rest.clients), len(rest.uids)) == (100, 20)
    assert (rest.first, rest.count, rest.severity) == (AT, 500_500, "high")


def test_one_stranger_more_changes_no_id() -> None:
    before = {finding.id for finding in findings_of(DETECTOR, bounded(frame(strangers(500)), OWN))}
    louder = [*strangers(500), row("198.51.100.1", 250)]
    assert {finding.id for finding in findings_of(DETECTOR, bounded(frame(louder), OWN))} == before


def test_graver_is_louder_than_more() -> None:
    grave = row("198.51.100.1", 1, "critical")
    shown = bounded(frame([*strangers(1000), grave]), OWN)
    assert shown["clients"].head(1).to_list() == [["198.51.100.1"]]


def test_findings_about_own_hosts_are_listed_beside_any_number_of_strangers() -> None:
    own = [row("10.0.1.1", 1, "medium", account=f"user{n}") for n in range(MAX_OWN)]
    shown = bounded(frame([*strangers(1000), *own]), OWN)
    assert len(shown) == MAX_STRANGERS + MAX_OWN + 1
    more = [row("10.0.1.1", 1, "medium", account=f"user{n}") for n in range(MAX_OWN + 9)]
    assert len(bounded(frame(more), OWN)) == MAX_OWN + 1


def test_minor_findings_about_own_hosts_are_bounded_elsewhere() -> None:
    minor = frame([row("10.0.1.1", 1, "low", account=f"user{n}") for n in range(2 * MAX_OWN)])
    assert len(bounded(minor, OWN)) == 2 * MAX_OWN
