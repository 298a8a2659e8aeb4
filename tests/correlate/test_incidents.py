"""Guards which findings become one incident, and that its parts add up."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.findings import plain
from zeeksmtp.correlate.incidents import STAGES, incidents_of
from zeeksmtp.model import Finding, Incident, Severity, identity

START = datetime(2026, 11, 2, tzinfo=UTC)
STAGE = {"user-enumeration": "recon", "cleartext-credentials": "exposure", "new-direct-sender": "abuse"}


def finding(hours: float = 0, length: float = 0, **more: Any) -> Finding:
    given = {
        "detector": "cleartext-credentials",
        "severity": "high",
        "first": START + timedelta(hours=hours),
        "last": START + timedelta(hours=hours + length),
    } | more
    return plain(id=identity(repr(sorted(given.items(), key=str))), **given)


def incidents(*findings: Finding, relays: frozenset[str] = frozenset(), link_hours: float = 24) -> tuple[Incident, ...]:
    return incidents_of(findings, relays, STAGE, link_hours)


def test_one_grave_finding_is_an_incident_and_a_low_one_is_none() -> None:
    assert len(incidents(finding(clients=("a",)), finding(1, clients=("b",), severity="low"))) == 1


def test_a_shared_client_joins() -> None:
    scan = finding(detector="user-enumeration", clients=("a",), servers=("s",))
    (incident,) = incidents(finding(2, clients=("a",), accounts=("x",)), scan)
    assert incident.stages == ("recon", "exposure")
    assert incident.findings[0] == scan.id, "the story begins with what came first"
    assert incident.id == identity("a", "2026-11-02")


def test_what_to_do_first_belongs_to_the_title() -> None:
    seen = finding(clients=("a",), title="seen", action="encrypt")
    used = finding(1, detector="new-direct-sender", clients=("a",), title="used", action="block")
    (incident,) = incidents(seen, used)
    assert incident.title == "used"
    assert incident.narrative.endswith("First: block")


def test_a_relay_is_no_actor() -> None:
    pair = (finding(clients=("r",), servers=("s",)), finding(1, clients=("r",), servers=("t",)))
    assert len(incidents(*pair)) == 1
    assert len(incidents(*pair, relays=frozenset({"r"}))) == 2


def test_an_account_joins_at_its_server_only() -> None:
    here = finding(clients=("a",), servers=("s",), accounts=("Admin",))
    assert len(incidents(here, finding(1, clients=("b",), servers=("s",), accounts=("admin",)))) == 1
    assert len(incidents(here, finding(1, clients=("b",), servers=("t",), accounts=("admin",)))) == 2


def test_a_server_alone_joins_nothing() -> None:
    assert len(incidents(finding(servers=("s",)), finding(1, servers=("s",)))) == 2


def test_a_longer_pause_than_link_hours_parts() -> None:
    assert len(incidents(finding(clients=("a",)), finding(25, clients=("a",)))) == 2
    assert len(incidents(finding(clients=("a",)), finding(25, clients=("a",)), link_hours=25)) == 1


def test_neighbours_are_compared_not_the_ends_of_the_story() -> None:
    chain = [finding(20 * n, clients=("a",)) for n in range(5)]
    assert len(incidents(*chain)) == 1


def test_a_long_finding_is_a_neighbour_to_the_end() -> None:
    assert (
        len(incidents(finding(0, 100, clients=("a",)), finding(1, clients=("a",)), finding(110, clients=("a",)))) == 1
    )


def test_the_score_is_the_sum_of_its_parts() -> None:
    story = [
        finding(detector="user-enumeration", clients=("a",), servers=("s",)),
        finding(1, clients=("a",), servers=("s",), accounts=("x",), severity="critical"),
    ]
    (incident,) = incidents(*story)
    assert incident.score == sum(incident.score_parts.values())
    assert incident.severity == "critical"
    assert incident.score_parts["order"] > 0
    assert "2026-11-02 00:00 UTC" in incident.narrative


FINDINGS = st.lists(
    st.builds(
        finding,
        hours=st.integers(0, 200),
        length=st.integers(0, 30),
        clients=st.lists(st.sampled_from("abc"), max_size=2, unique=True).map(tuple),
        servers=st.lists(st.sampled_from("st"), max_size=1).map(tuple),
        accounts=st.lists(st.sampled_from("xy"), max_size=1).map(tuple),
        detector=st.sampled_from(list(STAGE)),
        severity=st.sampled_from([str(s) for s in Severity]),
    ),
    max_size=12,
    unique_by=lambda f: f.id,
)


@given(FINDINGS, st.randoms(use_true_random=False))
def test_every_grave_finding_is_in_one_incident_whatever_the_order(findings: list[Finding], random: Any) -> None:
    made = incidents(*findings)
    told = [id_ for incident in made for id_ in incident.findings]
    assert sorted(told) == sorted(f.id for f in findings if f.severity.rank >= Severity.MEDIUM.rank)
    assert all(0 <= i.score <= 100 and list(i.stages) == [s for s in STAGES if s in i.stages] for i in made)
    assert incidents(*random.sample(findings, len(findings))) == made
    assert len({i.id for i in made}) == len(made), "ids are unique"
