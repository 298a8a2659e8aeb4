"""Guards that findings which repeat each other are one, that nothing of them is lost, and that what differs stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.correlate._findings import HOSTS, PLAIN, START, finding, incidents
from zeeksmtp.correlate.joining import without_repetition
from zeeksmtp.correlate.wording import JOINED
from zeeksmtp.model import Finding

SOURCES = tuple(f"203.0.{n}.1" for n in range(1, 9))


def guesses(account: str, clients: tuple[str, ...], hours: float = 0, length: float = 2, **more: Any) -> Finding:
    """Return a finding of several sources that guess the password of one account."""
    known = {"detector": "password-guessing", "servers": ("10.0.0.24",), "title": "Password guessing"} | more
    return finding(hours, length, clients=clients, accounts=(account,), **known)


def joined(*findings: Finding) -> list[Finding]:
    return without_repetition(findings, PLAIN, HOSTS, 24)


def test_sources_that_guess_at_several_accounts_are_one_finding() -> None:
    one = guesses("info", SOURCES[:4], count=10, uids=("C1",))
    other = guesses("sales", SOURCES[3:], 1, 5, count=20, uids=("C2",), severity="critical")
    (both,) = joined(other, one)
    assert (both.id, both.severity, both.count) == (one.id, "critical", 30)
    assert (both.clients, both.accounts) == (SOURCES, ("info", "sales"))
    assert (both.first, both.last) == (START, START + timedelta(hours=6))
    assert both.uids == ("C1", "C2")
    assert {term.name: term.value for term in both.evidence.terms}[JOINED] == 2
    assert both.action.startswith("Change the password of info, sales.")
    assert both.title == "Password guessing", "all have the same one"


def test_the_incident_names_all_sources() -> None:
    (both,) = joined(guesses("info", SOURCES[:4]), guesses("sales", SOURCES[3:], 1))
    (incident,) = incidents(both)
    assert incident.title == "Password guessing by 8 sources against 10.0.0.24"


def test_what_differs_stays_apart() -> None:
    one = guesses("info", SOURCES[:4])
    for other in (
        guesses("sales", SOURCES[4:]),
        guesses("sales", SOURCES[3:], 27),
        guesses("sales", SOURCES[3:], servers=("10.0.0.25",)),
        guesses("sales", SOURCES[3:], visibility="inferred"),
        guesses("sales", SOURCES[3:4]),
        guesses("sales", SOURCES[3:], severity="low"),
        guesses("sales", SOURCES[3:], detector="password-spray"),
        guesses("sales", SOURCES[3:], detector="account-abuse"),
    ):
        assert len(joined(one, other)) == 2, other


@given(st.permutations([0, 1, 2, 3]), st.integers(0, 3))
def test_one_more_account_changes_no_id_and_no_order_matters(order: list[int], known: int) -> None:
    every = [guesses(f"user{n}", SOURCES[n : n + 4], n) for n in range(4)]
    (whole,) = joined(*(every[n] for n in order))
    (before,) = joined(*every[: known + 1])
    assert whole.id == before.id == every[0].id
    assert whole == joined(*every)[0]
