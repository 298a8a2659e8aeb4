"""A pseudonymised report tells the same story without one name of it, whatever form it is written in."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e import _runs
from tests.outputs._reports import REMEDY, holding
from zeeksmtp.model import Count, Detail, Posture, Report, Traffic, View
from zeeksmtp.outputs import json as to_json
from zeeksmtp.outputs import markdown, terminal
from zeeksmtp.rendering.pseudonyms import pseudonymise

FIXTURES = Path(__file__).parents[2] / "fixtures"
LOGS = [*sorted((FIXTURES / "captures").glob("*/tsv")), FIXTURES / "scenarios" / "office" / "logs"]
ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{1,4}:[0-9a-f:]*:[0-9a-f]{1,4}\b")
DOMAIN = re.compile(r"[\w.-]+\.(?:example|test|invalid|local)\b")
# Details that may hold words of the protocol, which are nobody's name.
PROTOCOL = {
    "mechanisms",
    "verbs",
    "verdicts",
    "port",
    "ports",
    "directions",
    "how",
    "look_ups",
    "replies",
    "seen_as",
    "remedy",
    "who",
    "exploits",
    "changing",
}
# Names that were probed and are words of every report as well: a severity, a stage, a detector, a label.
WORDS = {"info", "abuse", "mail", "user", "oracle", "test", "scan"}


def written(report: Report) -> str:
    """Write `report` in every form, without paths of files; of roles and detectors the words are zeeksmtp's own."""
    files = tuple(file.model_copy(update={"path": "path"}) for file in report.inputs.files)
    roles = tuple(role.model_copy(update={"role": "role"}) for role in report.roles)
    inputs = report.inputs.model_copy(update={"files": files})
    bare = report.model_copy(update={"inputs": inputs, "roles": roles, "detectors": {}})
    return "\n".join(form.OUTPUT.render(bare, View(full=True)) for form in (to_json, markdown, terminal))


def names(report: Report) -> Iterator[str]:
    """Yield every name that a report holds: by the keys that hold names, and by the look of addresses and domains."""
    for thing in (*report.findings, *report.incidents):
        yield from (*thing.clients, *thing.servers, *thing.accounts)
    for finding in report.findings:
        yield from (value for d in finding.evidence.details if d.name not in PROTOCOL for value in d.values)
    yield from (c.account for c in report.credentials_to_change)
    traffic = report.traffic
    yield from (c.name for c in (*traffic.senders, *traffic.clients, *traffic.recipient_domains))
    text = json.dumps(report.model_dump(mode="json", exclude={"inputs", "detectors"}))
    yield from ADDRESS.findall(text)
    yield from DOMAIN.findall(text)


def holds(text: str, name: str) -> bool:
    """Return whether `name` stands in `text` as a word."""
    return re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text, re.IGNORECASE) is not None


@pytest.mark.parametrize("logs", LOGS, ids=lambda path: path.parent.name)
def test_no_name_of_recorded_traffic_survives(logs: Path) -> None:
    report = _runs.analysis(logs)
    text = written(pseudonymise(report))
    lower = text.lower()  # to search for a thousand names without case takes seconds, for those that stand there none
    found = set(names(report)) - WORDS - {""}
    assert {name for name in found if name.lower() in lower and holds(text, name)} == set()
    assert found or not report.findings


def test_no_name_of_the_example_survives(full: Report) -> None:
    text = written(pseudonymise(full))
    hostile = {name for name in names(full) if name and len(name) > 3}
    assert len(hostile) > 15
    assert {name for name in hostile if name in text} == set()
    for name in ("alice", "corp.example", "bob", "198.51.100.25", "2001:db8::9", "192.0.2.7", f"{1:016x}"):
        assert name not in text


def test_the_same_name_has_the_same_pseudonym(full: Report) -> None:
    report = pseudonymise(full)
    first, third = report.findings[0], report.findings[2]
    assert (first.clients, first.servers, first.accounts) == (("host-1",), ("host-2",), ("account-1@domain-1",))
    assert first.summary == "host-1 sent the password of account-1@domain-1 to host-2 without TLS, 3 times."
    assert first.action == "Change the password of account-1@domain-1; require TLS before AUTH."
    assert report.credentials_to_change[0].account == "account-1@domain-1"
    assert report.credentials_to_change[0].why == first.id
    assert report.incidents[0].findings == (first.id, third.id)
    assert report.volumes[1].client == "host-1"
    assert third.evidence.details[0].values[:2] == ("account-7", "account-8")


def test_the_sums_name_nobody_and_keep_their_numbers(full: Report) -> None:
    traffic, old = pseudonymise(full).traffic, full.traffic
    assert traffic.senders[0].name == "account-1@domain-1", "the same as in the findings"
    assert traffic.senders[1].name == ""
    assert traffic.clients[0].name == "host-1"
    assert [c.count for c in traffic.recipient_domains] == [c.count for c in old.recipient_domains]
    assert (traffic.refusals, traffic.hours) == (old.refusals, old.hours)


def test_a_status_that_is_none_is_replaced(full: Report) -> None:
    odd = full.traffic.model_copy(update={"refusals": (Count(name="550 bob", count=1),)})
    shown = pseudonymise(full.model_copy(update={"traffic": odd})).traffic.refusals
    assert "bob" not in shown[0].name


def test_a_remedy_is_no_name_though_someone_is_called_so(full: Report) -> None:
    named = full.findings[3].model_copy(update={"accounts": ("sendmail", "y")})
    story = full.incidents[0].model_copy(update={"findings": (named.id,), "outcome": f"y did. First: {named.action}"})
    report = pseudonymise(full.model_copy(update={"findings": (named,), "incidents": (story,)}))
    assert report.findings[0].evidence.details[0].values == (REMEDY,)
    assert report.findings[0].action == f"Let host-1 offer AUTH only inside TLS ({REMEDY})."
    assert report.incidents[0].outcome.startswith("account-")
    assert report.incidents[0].outcome.endswith(f"First: {report.findings[0].action}")


def test_titles_keep_their_words_though_someone_is_called_so(full: Report) -> None:
    evidence = full.findings[2].evidence.model_copy(
        update={"details": (Detail(name="names_tried", values=("user", "oracle", "bob")),)}
    )
    changes = {"title": "User enumeration (VRFY) by 203.0.113.9", "summary": "Probed: user, oracle, bob."}
    found = full.findings[2].model_copy(update=changes | {"evidence": evidence})
    oracle = found.model_copy(update={"title": "User-enumeration oracle: 203.0.113.9"})
    story = full.incidents[0].model_copy(update={"findings": (found.id,), "accounts": (), "title": found.title})
    shown = pseudonymise(full.model_copy(update={"findings": (found, oracle), "incidents": (story,)}))
    assert shown.findings[0].title == shown.incidents[0].title == "User enumeration (VRFY) by host-1"
    assert shown.findings[1].title == "User-enumeration oracle: host-1"
    assert shown.findings[0].summary == "Probed: account-1, account-2, account-3."


def test_a_number_of_sources_is_no_name(full: Report) -> None:
    evidence = full.findings[2].evidence.model_copy(update={"details": (Detail(name="who", values=("8 sources",)),)})
    found = full.findings[2].model_copy(update={"title": "Relay probing by 8 sources", "evidence": evidence})
    shown = pseudonymise(full.model_copy(update={"findings": (found,), "incidents": ()})).findings[0]
    assert (shown.title, shown.evidence.details) == (found.title, evidence.details)


def test_what_is_no_name_stays(full: Report) -> None:
    report = pseudonymise(full)
    first = report.findings[0]
    assert first.evidence.details[0].values == ("LOGIN", "PLAIN")
    assert first.uids == full.findings[0].uids
    assert report.incidents[0].timeline[0].text.startswith("host-1 sent a password in clear.")
    assert report.incidents[0].symptoms == full.incidents[0].symptoms
    assert report.findings[6].basis == full.findings[6].basis
    assert report.coverage.notes == full.coverage.notes
    assert [file.path for file in report.inputs.files] == [file.path for file in full.inputs.files]
    assert report.errors[0].where == full.errors[0].where
    assert Report.model_validate(report.model_dump(by_alias=True)) == report


@pytest.mark.parametrize(
    "long", ["a." + "b" * 9000 + "-", "a" * 9000, "a.-" * 3000, ":" * 9000, "1." * 4000, "a@" * 4000 + "a"]
)
def test_no_text_takes_for_ever(long: str) -> None:
    began = time.monotonic()
    pseudonymise(holding(long))
    assert time.monotonic() - began < 10


def test_it_gives_the_same_report_each_time(full: Report, empty: Report) -> None:
    assert pseudonymise(full) == pseudonymise(full)
    assert pseudonymise(empty) == empty


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        ("CORP\\bob", "domain-1\\account-1"),
        ("bob@[192.0.2.1]", "account-1@host-1"),
        ("", ""),
        ("a b", "text-1"),
        ("@", "account-1"),
    ],
)
def test_accounts_keep_their_form(full: Report, account: str, shown: str) -> None:
    one = full.findings[0].model_copy(update={"accounts": (account,), "clients": (), "servers": ()})
    report = pseudonymise(full.model_copy(update={"findings": (one,), "incidents": ()}))
    assert report.findings[0].accounts == (shown,)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10.0.0.0/8 and ::1 at 06:01:00", "host-1/8 and host-2 at 06:01:00"),
        ("read smtp_cmd.log, set x in zeeksmtp.toml", "read smtp_cmd.log, set x in zeeksmtp.toml"),
        ("mail to bob@corp.example.", "mail to account-1@domain-1."),
        ("HELO mx.corp.example:", "HELO domain-1:"),
        ("T1589.002, 1.9 s", "T1589.002, 1.9 s"),
    ],
)
def test_names_in_notes_are_found_by_their_look(full: Report, text: str, shown: str) -> None:
    noted = full.model_copy(update={"findings": (), "incidents": (), "credentials_to_change": (), "volumes": ()})
    none: dict[str, Any] = {
        "roles": (),
        "traffic": Traffic(),
        "posture": Posture(servers=(), sessions=0, tls_sessions=0),
        "hosts": {},
    }
    coverage = full.coverage.model_copy(update={"notes": (text,)})
    assert pseudonymise(noted.model_copy(update=none | {"coverage": coverage})).coverage.notes == (shown,)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Z"]), min_size=4, max_size=20).filter(str.strip))
def test_no_text_survives_wherever_it_stands(text: str) -> None:
    shown = pseudonymise(holding(text))
    incident = shown.incidents[0]
    sentences = [incident.title, incident.outcome, incident.timeline[0].text, *(a.text for a in incident.actions)]
    sentences += [part for finding in shown.findings for part in (finding.title, finding.summary, finding.action)]
    assert not any(holds(sentence, text) for sentence in sentences)
    traffic, posture, campaign = shown.traffic, shown.posture, incident.campaign
    counts = (*traffic.senders, *traffic.clients, *traffic.recipient_domains, *traffic.refusals)
    assert text not in [count.name for count in counts]
    assert campaign is not None
    assert text not in [*campaign.sources, *campaign.networks, *campaign.targets]
    pair = posture.pairs.rows[0]
    assert text not in [posture.servers[0].server, posture.clients.rows[0].client, pair.client, pair.server]
    assert text not in [*shown.hosts, *(known.name for names in shown.hosts.values() for known in names)]
    actors = [*shown.findings[0].clients, *shown.findings[0].accounts, shown.volumes[0].client, shown.roles[0].host]
    assert text not in [*actors, shown.credentials_to_change[0].account, *shown.findings[0].evidence.details[0].values]


@pytest.mark.parametrize(
    ("account", "spelled"),
    [
        ("j.doe", "j.doe"),
        ("j.doe", "J.Doe"),
        ("mx.corp.example", "MX.corp.example."),
        ("10.0.1.5", "10.0.1.5"),
        ("2001:DB8::5", "2001:db8:0::5"),
        ("CORP\\bob", "corp\\BOB"),
        ("bob@[192.0.2.1]", "bob@192.0.2.1"),
    ],
)
def test_one_name_has_one_pseudonym_whatever_its_form_and_place(full: Report, account: str, spelled: str) -> None:
    one = full.findings[0].model_copy(
        update={"accounts": (account,), "clients": (), "servers": (), "summary": f"Password of {account}."}
    )
    two = full.findings[1].model_copy(update={"accounts": (spelled,), "clients": (), "servers": (), "title": spelled})
    traffic = full.traffic.model_copy(update={"senders": (Count(name=spelled, count=1),)})
    report = full.model_copy(update={"findings": (two, one), "incidents": (), "traffic": traffic})
    shown = pseudonymise(report)
    pseudonym = shown.findings[0].accounts[0]
    assert pseudonym not in {account, spelled}
    assert shown.findings[1].accounts == (pseudonym,)
    assert shown.findings[1].summary == f"Password of {pseudonym}."
    assert shown.traffic.senders[0].name == pseudonym
    assert shown.findings[0].title == pseudonym


def test_forms_of_an_account_share_its_number(full: Report) -> None:
    forms = ("alice", "ALICE@corp.example", "CORP\\Alice", "alice@other.example")
    one = full.findings[0].model_copy(update={"accounts": forms, "clients": (), "servers": ()})
    shown = pseudonymise(full.model_copy(update={"findings": (one,), "incidents": ()})).findings[0].accounts
    assert shown == ("account-1", "account-1@domain-1", "domain-2\\account-1", "account-1@domain-3")


def test_the_parts_of_an_incident_point_at_the_same_findings(full: Report) -> None:
    shown = pseudonymise(full)
    incident, ids = shown.incidents[0], [finding.id for finding in shown.findings]
    assert [entry.finding for entry in incident.timeline] == list(incident.findings) == [ids[0], ids[2]]
    assert shown.findings[6].symptom_of == incident.id != full.incidents[0].id
    assert shown.findings[2].replaces != full.findings[2].replaces
    campaign = incident.campaign
    assert campaign is not None
    assert campaign.sources == shown.findings[2].clients
    assert shown.posture.pairs.rows[0].client == shown.posture.clients.rows[0].client == shown.findings[0].clients[0]
    assert list(shown.hosts) == [shown.findings[2].servers[0], shown.findings[2].clients[0]]
