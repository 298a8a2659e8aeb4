"""Guards who acts together: one network, one HELO name, the same names, the same rhythm; and who does not."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.correlate._findings import enumeration, finding, guessing, incidents, sources

NAMES = tuple(f"name{n}" for n in range(20))


def test_a_harvest_from_one_network_is_one_incident() -> None:
    (incident,) = incidents(*(enumeration(f"203.0.1.{n}", n, title=f"by {n}") for n in range(1, 31)))
    assert incident.title == "User enumeration by 30 sources against 10.0.0.25"
    assert incident.campaign is not None
    assert incident.campaign.networks == ("203.0.1.0/24",)
    assert (incident.campaign.source_count, len(incident.campaign.sources)) == (30, 30)
    assert incident.campaign.targets == ("10.0.0.25",)


def test_sources_of_one_helo_name_act_together() -> None:
    clients = [f"203.0.{n}.1" for n in range(1, 31)]
    apart = [enumeration(client, n, 0.5, count=10 + 40 * n) for n, client in enumerate(clients)]
    assert len(incidents(*apart)) == 30
    (incident,) = incidents(*apart, helo=dict.fromkeys(clients, "WIN-TEST"))
    assert incident.campaign is not None and len(incident.campaign.networks) == 30


def test_sources_that_try_the_same_names_act_together() -> None:
    same = [enumeration(f"203.0.{n}.1", 3 * n, names=NAMES[n : n + 12]) for n in range(1, 5)]
    assert len(incidents(*same)) == 1
    others = [enumeration(f"203.0.{n}.1", 3 * n, names=(f"a{n}", f"b{n}", f"c{n}")) for n in range(1, 5)]
    assert len(incidents(*others)) == 4


def test_sources_of_one_rhythm_at_one_time_act_together() -> None:
    alike = [guessing(f"203.0.{n}.1", n / 10, 4, count=100 + n) for n in range(1, 6)]
    assert len(incidents(*alike)) == 1
    faster = guessing("203.0.9.1", 0.2, 4, count=1000)
    assert len(incidents(*alike, faster)) == 2


def test_a_distributed_finding_takes_in_the_sources_that_alarm_alone() -> None:
    wave = guessing("203.0.2.1", 0, 5, clients=tuple(f"203.0.2.{n}" for n in range(1, 9)), evidence=sources(40))
    (incident,) = incidents(wave, guessing("203.0.2.30", 3))
    assert incident.campaign is not None and incident.campaign.source_count == 40


def test_other_targets_and_techniques_stay_apart() -> None:
    assert len(incidents(guessing("203.0.1.1"), guessing("203.0.1.2", servers=("10.0.0.25",)))) == 2
    assert len(incidents(guessing("203.0.1.1"), enumeration("203.0.1.2", servers=("10.0.0.24",)))) == 2


def test_a_wave_after_seven_quiet_days_is_another_incident() -> None:
    assert len(incidents(guessing("203.0.1.1"), guessing("203.0.1.2", 6 * 24))) == 1
    assert len(incidents(guessing("203.0.1.1"), guessing("203.0.1.2", 9 * 24))) == 2


def test_an_outbreak_in_one_network_is_one_incident() -> None:
    spam: dict[str, Any] = {"detector": "new-direct-sender", "servers": ("198.51.100.7",)}
    bots = [finding(n, clients=(f"10.0.1.{n}",), **spam) for n in (1, 2)]
    (incident,) = incidents(*bots)
    assert incident.title == "Outbound spam from 2 hosts"
    assert len(incidents(*bots, finding(9 * 24, clients=("10.0.1.3",), **spam))) == 2


def test_cleartext_logins_at_the_site_are_one_weakness_and_those_outside_another() -> None:
    inside = [finding(30 * n, clients=(f"10.0.1.{n}",), servers=("10.0.0.24",), accounts=(f"u{n}",)) for n in (1, 2, 3)]
    abroad = [finding(n, clients=(f"10.0.1.1{n}",), servers=(f"198.51.100.{n}",), accounts=(f"v{n}",)) for n in (7,)]
    made = incidents(*inside, *abroad)
    assert sorted(len(incident.findings) for incident in made) == [1, 3]
    assert "Cleartext authentication at 10.0.0.24: 3 accounts" in {incident.title for incident in made}


def test_a_weakness_of_a_server_belongs_to_what_it_led_to() -> None:
    offer = finding(detector="auth-offered-in-clear", servers=("10.0.0.24",), severity="medium", title="offer")
    leak = finding(3, clients=("10.0.1.5",), servers=("10.0.0.24",), accounts=("alice",), title="leak")
    (incident,) = incidents(offer, leak)
    assert incident.title == "leak" and len(incident.findings) == 2


def test_a_weakness_belongs_to_an_attack_on_its_server_rather_than_to_none() -> None:
    offer = finding(detector="auth-offered-in-clear", servers=("10.0.0.25",), severity="medium", title="offer")
    (incident,) = incidents(offer, enumeration("203.0.1.1", title="harvest"))
    assert incident.title == "harvest"


def test_weaknesses_that_led_to_nothing_are_one_incident() -> None:
    offers = [finding(detector="auth-offered-in-clear", servers=(f"10.0.0.{n}",), severity="medium") for n in (24, 25)]
    (incident,) = incidents(*offers)
    assert incident.title == "Mail server configuration: 2 weaknesses at 2 servers"


@given(st.lists(st.integers(1, 39), min_size=2, max_size=20, unique=True), st.integers(1, 39))
def test_one_more_source_changes_no_id_of_a_campaign(nets: list[int], more: int) -> None:
    attack = [enumeration(f"203.0.{net}.1", place, names=NAMES) for place, net in enumerate(nets)]
    before = incidents(*attack)
    later = enumeration(f"203.0.{more}.2", len(nets) + 1, names=NAMES)
    after = incidents(*attack, later)
    assert len(before) == len(after) == 1
    assert before[0].id == after[0].id
