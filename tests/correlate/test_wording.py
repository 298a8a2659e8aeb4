"""Guards how templates become sentences, and which steps apply to whom."""

from __future__ import annotations

from typing import Any

import pytest

from tests.correlate._findings import HOSTS, finding
from zeeksmtp.correlate.wording import actions_of, applies, fields_of, fill
from zeeksmtp.model import Advice, Detail, Evidence, Term

INSIDE, OUTSIDE = ("10.0.1.5",), ("203.0.1.1",)


def held(*conditions: str, **fields: Any) -> bool:
    """Return whether advice with these conditions applies to a finding."""
    return applies(Advice("x", when=conditions), fields_of(finding(**fields)), HOSTS)


def test_sides_say_whose_host_it_is() -> None:
    assert held("client-local", clients=INSIDE) and not held("client-outside", clients=INSIDE)
    assert held("client-outside", "server-local", clients=OUTSIDE, servers=("10.0.0.25",))
    assert not held("client-local", clients=(*INSIDE, *OUTSIDE)), "not all of them are"
    assert not held("client-local") and not held("client-outside"), "there is none"
    assert not held("server-outside", servers=("192.0.2.77",)), "nobody knows where it is"


def test_a_condition_on_evidence_or_on_a_list() -> None:
    evidence = Evidence(
        terms=(Term(name="accepted", value=0, weight=1), Term(name="rejected", value=3, weight=1)),
        details=(Detail(name="networks", values=()),),
    )
    assert held("rejected", evidence=evidence)
    assert not held("accepted", evidence=evidence) and not held("networks", evidence=evidence)
    assert held("accounts", accounts=("alice",)) and not held("accounts")


def test_steps_of_several_findings_are_said_once_for_all_of_them() -> None:
    advice = [
        Advice("Change the password of {accounts}.", when=("accounts",)),
        Advice("Tell the administrator of {servers}.", owner="outside", when=("server-outside",)),
    ]
    leaks = [
        finding(clients=INSIDE, servers=("198.51.100.7",), accounts=("alice",)),
        finding(clients=INSIDE, servers=("10.0.0.24",), accounts=("bob",)),
        finding(clients=INSIDE, servers=("10.0.0.24",)),
    ]
    assert [(step.owner, step.text) for step in actions_of([(advice, leaks)], HOSTS)] == [
        ("site", "Change the password of alice, bob."),
        ("outside", "Tell the administrator of 198.51.100.7."),
    ]


def test_one_step_of_two_detectors_is_said_once_and_a_wider_one_takes_the_narrower() -> None:
    block, wide = "Block {clients}.", "Block all mail of {clients}."
    one = [Advice("Block port 25 of {clients}.", wider=wide), Advice(block)]
    other = [Advice(block), Advice(wide)]
    bots = [finding(clients=("10.0.1.5",)), finding(clients=("10.0.1.6",))]
    assert [step.text for step in actions_of([(one, bots[:1]), (other, bots[1:])], HOSTS)] == [
        "Block 10.0.1.5, 10.0.1.6.",
        "Block all mail of 10.0.1.6, 10.0.1.5.",
    ]
    assert actions_of([(one, bots[:1])], HOSTS)[0].text == "Block port 25 of 10.0.1.5.", "nothing is wider here"


def test_a_step_for_several_findings_names_the_earliest_time() -> None:
    advice = [Advice("Review the mail since {first}.")]
    (step,) = actions_of([(advice, [finding(5), finding(2)])], HOSTS)
    assert step.text == "Review the mail since 2026-11-02 02:00 UTC."


def test_long_lists_are_counted_and_large_numbers_are_readable() -> None:
    fields = {"names": tuple(f"n{n}" for n in range(1012)), "count": 12345}
    assert fill("{count:login} for {names}.", fields).endswith("n9 and 1,002 more.")
    assert fill("{count:login}", fields) == "12,345 logins"


def test_a_name_keeps_its_case_at_the_start_of_a_sentence() -> None:
    assert fill("{accounts} sent mail.", {"accounts": ("alice",)}) == "alice sent mail."


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="nothing"):
        fill("{nothing}", {})
