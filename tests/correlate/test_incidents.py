"""Guards which findings become one chain of events, and that an incident's parts add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.correlate._findings import PLAIN, START, correlated, enumeration, finding, guessing, incidents
from zeeksmtp.correlate.score import STAGES
from zeeksmtp.model import Advice, Finding, Severity, identity


def leak(hours: float = 0, client: str = "10.0.1.5", server: str = "10.0.0.24", **more: Any) -> Finding:
    return finding(hours, clients=(client,), servers=(server,), **({"accounts": ("alice",)} | more))


def bot(client: str, hours: float = 0, length: float = 0, **more: Any) -> Finding:
    return finding(hours, length, detector="new-direct-sender", clients=(client,), **more)


def test_one_grave_finding_is_an_incident_and_a_low_one_is_none() -> None:
    assert len(incidents(bot("10.0.1.5"), bot("10.0.1.6", 100, severity="low"))) == 1


def test_a_shared_client_joins() -> None:
    scan = enumeration("203.0.1.1")
    (incident,) = incidents(guessing("203.0.1.1", 2), scan)
    assert incident.stages == ("recon", "guessing")
    assert incident.findings[0] == scan.id, "the first finding in time comes first"
    assert incident.id == identity("203.0.1.1", "2026-11-02")


def test_a_host_that_speaks_for_many_is_no_actor() -> None:
    pair = (
        enumeration("192.0.2.1"),
        finding(60, detector="relay-probe", clients=("192.0.2.1",), servers=("10.0.0.25",)),
    )
    assert len(incidents(*pair)) == 2
    assert len({incident.id for incident in incidents(*pair)}) == 2


def test_an_account_that_was_guessed_joins_whoever_used_it_then() -> None:
    guessed = finding(
        2, detector="guess-then-success", clients=("203.0.1.1",), servers=("10.0.0.24",), accounts=("Alice",)
    )
    used = finding(9, detector="account-abuse", clients=("203.0.9.9",), servers=("10.0.0.24",), accounts=("alice",))
    (incident,) = incidents(enumeration("203.0.1.1"), guessing("203.0.1.1", 1), guessed, used)
    assert incident.stages == ("recon", "guessing", "access", "abuse")
    assert incident.outcome.endswith("Taken over: Alice, alice.")


def test_an_account_joins_at_its_server_only() -> None:
    one = finding(detector="account-abuse", clients=("203.0.1.1",), servers=("10.0.0.24",), accounts=("admin",))
    other = finding(detector="account-abuse", clients=("203.0.2.1",), servers=("10.0.0.25",), accounts=("admin",))
    assert len(incidents(one, other)) == 2


def test_attackers_who_merely_tried_the_same_account_stay_apart() -> None:
    assert len(incidents(guessing("203.0.1.1", accounts=("admin",)), guessing("203.0.2.1", accounts=("admin",)))) == 2


def test_a_server_alone_joins_no_attackers() -> None:
    assert len(incidents(guessing("203.0.1.1"), guessing("203.0.2.1", 0.5, count=900))) == 2


def test_a_longer_pause_than_link_hours_parts() -> None:
    pair = (bot("10.0.1.5"), finding(25, detector="smtp-scan", clients=("10.0.1.5",)))
    assert len(incidents(*pair)) == 2
    assert len(incidents(*pair, link_hours=25)) == 1


def test_neighbours_are_compared_not_the_ends_of_the_chain() -> None:
    assert len(incidents(*(bot("10.0.1.5", 20 * n) for n in range(5)))) == 1


def test_a_long_finding_is_a_neighbour_to_the_end() -> None:
    assert len(incidents(bot("10.0.1.5", 0, 100), bot("10.0.1.5", 1), bot("10.0.1.5", 110))) == 1


def test_the_furthest_of_the_gravest_findings_gives_the_title() -> None:
    seen = enumeration("203.0.1.1", title="seen")
    used = guessing("203.0.1.1", 1, title="used")
    (incident,) = incidents(seen, used)
    assert incident.title == "used"
    assert [entry.finding for entry in incident.timeline] == [seen.id, used.id]
    assert [entry.time for entry in incident.timeline] == [START, START + timedelta(hours=1)]


def test_one_source_against_several_servers_is_named_so() -> None:
    each = [enumeration("203.0.1.1", n, servers=(f"10.0.0.{n}",), title=f"server {n}") for n in (1, 2, 3)]
    (incident,) = incidents(*each)
    assert incident.title == "User enumeration by 203.0.1.1 against 3 servers"
    assert incident.servers == ("10.0.0.1", "10.0.0.2", "10.0.0.3")


def test_the_score_is_the_sum_of_its_parts() -> None:
    (incident,) = incidents(enumeration("203.0.1.1"), guessing("203.0.1.1", 1, severity="critical"))
    assert incident.score == sum(incident.score_parts.values())
    assert incident.severity == "critical"
    assert incident.score_parts["order"] > 0


def test_actions_name_all_that_they_concern_once() -> None:
    (incident,) = incidents(leak(), leak(1, client="10.0.1.6", accounts=("bob",)))
    assert [(action.owner, action.text) for action in incident.actions] == [
        ("site", "Change the password of alice, bob.")
    ]


def test_a_step_that_another_one_spells_out_is_left_out() -> None:
    short = replace(PLAIN["user-enumeration"], actions=(Advice("Disable VRFY on {servers}."), Advice("Disable VRFY.")))
    long = replace(PLAIN["enumeration-oracle"], actions=(Advice("Disable VRFY on {servers} (Postfix: a setting)."),))
    oracle = finding(1, detector="enumeration-oracle", clients=("203.0.1.1",), servers=("10.0.0.25",))
    detectors = PLAIN | {detector.id: detector for detector in (short, long)}
    (incident,) = incidents(enumeration("203.0.1.1"), oracle, detectors=detectors)
    assert {action.text for action in incident.actions} == {
        "Disable VRFY on 10.0.0.25 (Postfix: a setting).",
        "Disable VRFY.",
    }


def test_what_others_have_to_do_comes_last_and_is_for_their_administrators() -> None:
    guess = guessing("203.0.1.1", accounts=("alice",))
    (incident,) = incidents(guess)
    assert [action.owner for action in incident.actions] == ["site", "outside"]
    assert incident.actions[1].text == "Tell the administrator of 203.0.1.1."


FINDINGS = st.lists(
    st.builds(
        finding,
        hours=st.integers(0, 200),
        length=st.integers(0, 30),
        clients=st.lists(st.sampled_from(["203.0.1.1", "203.0.1.2", "10.0.1.5", "192.0.2.1"]), max_size=2, unique=True),
        servers=st.lists(st.sampled_from(["10.0.0.24", "10.0.0.25"]), max_size=1).map(tuple),
        accounts=st.lists(st.sampled_from("xy"), max_size=1).map(tuple),
        detector=st.sampled_from(
            ["cleartext-credentials", "user-enumeration", "password-guessing", "auth-offered-in-clear", "smtp-scan"]
        ),
        severity=st.sampled_from([str(s) for s in Severity]),
    ),
    max_size=12,
    unique_by=lambda f: f.id,
)


@given(FINDINGS, st.randoms(use_true_random=False))
def test_every_grave_finding_is_in_one_incident_or_owned_by_one_whatever_the_order(
    findings: list[Finding], random: Any
) -> None:
    found, made = correlated(*findings)
    inside = [id_ for incident in made for id_ in incident.findings]
    owned = [f.id for f in found if f.symptom_of]
    grave = [f.id for f in found if f.severity.rank >= Severity.MEDIUM.rank]
    assert len(inside) == len(set(inside)) and not set(inside) & set(owned)
    assert set(grave) <= {*inside, *owned}
    assert sum(sum(incident.symptoms.values()) for incident in made) >= len(owned)
    assert {f.symptom_of for f in found if f.symptom_of} <= {incident.id for incident in made}
    assert all(0 <= i.score <= 100 and list(i.stages) == [s for s in STAGES if s in i.stages] for i in made)
    assert correlated(*random.sample(findings, len(findings)))[1] == made
    assert len({i.id for i in made}) == len(made), "ids are unique"
