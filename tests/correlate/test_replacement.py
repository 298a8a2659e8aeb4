"""Guards that an attack that one detector shows and another infers stands once, and that the report says which went."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.cases import DETECTORS
from tests.correlate._findings import enumeration, finding
from zeeksmtp.correlate.replacement import without_replaced
from zeeksmtp.model import Finding

CLIENT, SERVER = "203.0.1.9", "10.0.0.25"
KNOWN = {**DETECTORS, "user-enumeration": replace(DETECTORS["user-enumeration"], replaces=("smtp-scan",))}


def inferred(**more: Any) -> Finding:
    """Return an inferred finding of the same hour, by `smtp-scan`."""
    given = {"detector": "smtp-scan", "clients": (CLIENT,), "servers": (SERVER,), "visibility": "inferred"}
    return finding(**(given | more))


def left(*findings: Finding) -> list[tuple[str, int]]:
    """Return detector and number of replaced findings of what is left."""
    return [(f.detector, len(f.replaces)) for f in without_replaced(findings, KNOWN, 24)]


def test_the_observed_finding_names_the_inferred_one_of_the_same_parties() -> None:
    guess, seen = inferred(), enumeration(CLIENT)
    (only,) = without_replaced([guess, seen], KNOWN, 24)
    assert only == seen.model_copy(update={"replaces": (guess.id,)})


def test_another_client_server_or_week_is_another_attack() -> None:
    for other in (inferred(clients=("203.0.1.8",)), inferred(servers=("10.0.0.24",)), inferred(hours=24 * 7)):
        assert left(other, enumeration(CLIENT)) == [("smtp-scan", 0), ("user-enumeration", 0)]


def test_only_an_inferred_finding_is_replaced_and_only_by_an_observed_one() -> None:
    assert len(left(inferred(visibility="observed"), enumeration(CLIENT))) == 2
    assert len(left(inferred(), enumeration(CLIENT, visibility="inferred"))) == 2


def test_a_distributed_finding_replaces_those_of_its_sources() -> None:
    others = [inferred(clients=(f"203.0.1.{n}",)) for n in range(1, 4)]
    all_of_them = enumeration("203.0.1.1", clients=tuple(f"203.0.1.{n}" for n in range(1, 6)))
    assert left(*others, all_of_them) == [("user-enumeration", 3)]


def test_an_account_seen_logging_in_replaces_the_sender_that_stood_for_it() -> None:
    sender = finding(detector="account-abuse", clients=(CLIENT,), servers=(SERVER,), visibility="inferred")
    account = finding(detector="account-abuse", clients=(CLIENT,), servers=(SERVER,), accounts=("CORP\\eve",))
    (only,) = without_replaced([sender, account], DETECTORS, 24)
    assert only == account.model_copy(update={"replaces": (sender.id,)})
