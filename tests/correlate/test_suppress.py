"""Guards that a suppression hides what it names, nothing else, and not for ever."""

from datetime import date
from typing import Any

import pytest

from tests.correlate._findings import finding
from zeeksmtp.config import Suppression
from zeeksmtp.correlate.suppress import suppress

TODAY = date(2026, 11, 23)
LEAK = finding(clients=("10.0.1.200",), servers=("10.0.0.25",), accounts=("CORP\\Scanner",))


def left(**entry: Any) -> int:
    kept, suppressed = suppress([LEAK], [Suppression(reason="known", **entry)], TODAY)
    assert [*kept, *suppressed] == [LEAK]
    return len(kept)


@pytest.mark.parametrize(
    "entry",
    [
        {"detector": "cleartext-credentials"},
        {"client": "10.0.1.200"},
        {"server": "10.0.0.25"},
        {"account": "scanner"},
        {"account": "CORP\\scanner"},
        {"network": "10.0.1.0/24"},
        {"client": "10.0.1.200", "account": "scanner", "expires": date(2026, 11, 24)},
    ],
)
def test_it_hides_what_it_names(entry: dict[str, Any]) -> None:
    assert left(**entry) == 0


@pytest.mark.parametrize(
    "entry",
    [
        {"detector": "user-enumeration"},
        {"client": "10.0.1.201"},
        {"account": "scan"},
        {"network": "10.0.2.0/24"},
        {"client": "10.0.1.200", "account": "other"},
        {"client": "10.0.1.200", "expires": TODAY},
    ],
)
def test_it_hides_nothing_else(entry: dict[str, Any]) -> None:
    assert left(**entry) == 1


def test_a_network_does_not_hide_findings_without_a_client() -> None:
    posture = finding(servers=("10.0.0.25",))
    kept, _ = suppress([posture], [Suppression(reason="known", network="10.0.0.0/8")], TODAY)
    assert kept == (posture,)


def test_a_client_entry_does_not_hide_others_that_act_with_it() -> None:
    shared = finding(clients=("10.0.1.200", "203.0.113.9"))
    kept, _ = suppress([shared], [Suppression(reason="known", client="10.0.1.200")], TODAY)
    assert kept == (shared,)


def test_an_account_entry_does_not_hide_an_attack_on_others_beside_it() -> None:
    spray = finding(clients=("203.0.113.9",), accounts=("scanner", "alice"))
    spelled = finding(clients=("203.0.113.9",), accounts=("scanner", "scanner@corp.example"))
    kept, _ = suppress([spray, spelled], [Suppression(reason="known", account="scanner")], TODAY)
    assert kept == (spray,)
