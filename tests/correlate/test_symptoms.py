"""Guards that a cause owns its symptoms, and that only the site's own credentials are to be changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.correlate._findings import HOSTS, PLAIN, START, correlated, finding, guessing
from zeeksmtp.correlate.incidents import Correlation, correlate
from zeeksmtp.model import Finding
from zeeksmtp.report.findings import credentials_of

COMPROMISING = {"cleartext-credentials", "guess-then-success", "account-abuse"}


def stealer(**more: Any) -> Finding:
    given = {"detector": "credential-exfiltration", "clients": ("10.0.1.5",), "servers": ("198.51.100.7",)}
    return finding(**(given | {"accounts": ("drop@hosted.example",)} | more))


def leak(client: str, server: str, account: str, **more: Any) -> Finding:
    return finding(clients=(client,), servers=(server,), accounts=(account,), **more)


def test_what_a_stealer_sends_in_clear_is_a_symptom_and_no_credential_of_the_site() -> None:
    findings, (incident,) = correlated(
        stealer(),
        leak("10.0.1.5", "198.51.100.7", "drop@hosted.example", severity="critical"),
        finding(detector="cleartext-mail", clients=("10.0.1.5",), severity="info"),
        finding(detector="starttls-declined", clients=("10.0.1.5",), severity="low"),
    )
    assert incident.symptoms == {"cleartext-credentials": 1, "cleartext-mail": 1, "starttls-declined": 1}
    assert [f.detector for f in findings if f.symptom_of is None] == ["credential-exfiltration"]
    assert {f.symptom_of for f in findings} == {None, incident.id}
    assert incident.findings == (findings[0].id,)
    assert credentials_of(findings, COMPROMISING, HOSTS) == ()


def test_an_account_of_the_site_on_a_compromised_host_is_changed_all_the_same() -> None:
    findings, _ = correlated(stealer(), leak("10.0.1.5", "10.0.0.24", "alice"))
    assert [c.account for c in credentials_of(findings, COMPROMISING, HOSTS)] == ["alice"]


def test_a_users_own_account_outside_is_named_and_a_strangers_is_not() -> None:
    findings, _ = correlated(
        leak("10.0.1.6", "198.51.100.7", "alice@hoster.example"), leak("203.0.1.1", "198.51.100.7", "stranger")
    )
    assert [c.account for c in credentials_of(findings, COMPROMISING, HOSTS)] == ["alice@hoster.example"]


def test_a_guessed_password_used_from_outside_is_counted_once() -> None:
    taken = finding(
        1, detector="guess-then-success", clients=("203.0.1.1",), servers=("10.0.0.24",), accounts=("alice",)
    )
    findings, (incident,) = correlated(
        guessing("203.0.1.1"), taken, leak("203.0.1.1", "10.0.0.24", "alice", severity="critical")
    )
    assert incident.symptoms == {"cleartext-credentials": 1}
    assert [c.account for c in credentials_of(findings, COMPROMISING, HOSTS)] == ["alice"]


def test_a_blocklist_is_a_symptom_of_a_bot_and_an_incident_of_a_relay() -> None:
    listed: dict[str, Any] = {"detector": "blocklisted-sender", "servers": ("198.51.100.7",)}
    bot = finding(detector="new-direct-sender", clients=("10.0.1.5",), servers=("198.51.100.7",))
    _, (incident,) = correlated(bot, finding(1, clients=("10.0.1.5",), **listed))
    assert incident.symptoms == {"blocklisted-sender": 1}
    _, (alone,) = correlated(finding(clients=("10.0.0.25",), **listed))
    assert alone.symptoms == {} and len(alone.findings) == 1


def test_an_innocent_client_has_no_symptoms() -> None:
    findings, made = correlated(stealer(), finding(detector="cleartext-mail", clients=("10.0.1.6",), severity="info"))
    assert all(f.symptom_of is None for f in findings)
    assert all(incident.symptoms == {} for incident in made)


def test_the_owner_of_an_account_that_was_taken_over_is_not_convicted() -> None:
    abuse = finding(
        detector="account-abuse", clients=("10.0.1.5", "203.0.1.1"), servers=("10.0.0.24",), accounts=("alice",)
    )
    findings, _ = correlated(abuse, leak("10.0.1.5", "10.0.0.24", "alice"), leak("203.0.1.1", "10.0.0.24", "alice"))
    assert [f.clients for f in findings if f.symptom_of] == [("203.0.1.1",)]


def test_symptoms_of_one_detector_are_one_finding_that_loses_nothing() -> None:
    clients = tuple(f"203.0.{n}.1" for n in range(1, 31))
    abuse = finding(detector="account-abuse", clients=clients, servers=("10.0.0.24",), accounts=("alice",))
    leaks = [leak(c, "10.0.0.24", "alice", first=START + timedelta(minutes=n)) for n, c in enumerate(clients)]
    findings, (incident,) = correlated(abuse, *leaks)
    (symptom,) = (f for f in findings if f.symptom_of == incident.id)
    assert incident.symptoms == {"cleartext-credentials": 30}
    assert (symptom.id, set(symptom.clients)) == (leaks[0].id, set(clients))


def test_every_account_that_a_stealer_shows_is_to_be_changed_at_its_own_server() -> None:
    """A bot of the site sent 40 passwords: the list had those of the ten symptoms that were listed."""
    leaks = [leak("10.0.1.5", f"10.0.0.{24 + n % 2}", f"user{n:02}") for n in range(40)]
    result = correlate([stealer(), *leaks], Correlation(PLAIN, HOSTS, {}))
    due = credentials_of(result.separate, COMPROMISING, HOSTS)
    assert {(c.account, c.server) for c in due} == {(f.accounts[0], f.servers[0]) for f in leaks}
    assert {c.why for c in due} <= {f.id for f in result.findings}


def test_an_incident_is_as_grave_as_its_worst_symptom() -> None:
    _, (incident,) = correlated(stealer(), leak("10.0.1.5", "198.51.100.7", "drop", severity="critical"))
    assert incident.severity == "critical"
    assert incident.score_parts["worst_severity"] == 60
    assert incident.title == stealer().title


def test_what_a_suppressed_finding_led_to_is_suppressed_with_it() -> None:
    known, symptom = stealer(), finding(detector="cleartext-mail", clients=("10.0.1.5",), severity="info")
    other = finding(detector="cleartext-mail", clients=("10.0.1.6",), severity="info")
    result = correlate([symptom, other], Correlation(PLAIN, HOSTS, {}), suppressed=[known])
    assert result.findings == (other,)
    assert (result.incidents, result.suppressed) == ((), 1)


def test_attackers_are_convicted_clients_outside_of_the_site() -> None:
    _, (incident,) = correlated(guessing("203.0.1.1"))
    assert incident.attackers == ("203.0.1.1",)


def test_a_host_of_the_site_or_one_of_which_nothing_is_known_is_no_attacker_outside() -> None:
    _, (stolen,) = correlated(stealer())
    _, (unknown,) = correlated(guessing("192.0.2.99"))
    _, (exposed,) = correlated(leak("203.0.1.1", "10.0.0.24", "alice"))
    assert HOSTS.is_local("10.0.1.5") is True and HOSTS.is_local("192.0.2.99") is None
    assert (stolen.attackers, unknown.attackers, exposed.attackers) == ((), (), ())
