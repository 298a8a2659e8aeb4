"""Guards how rows become findings: ids, templates with hostile content, and the list of passwords to change."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from zeeksmtp.dtypes import finding_schema
from zeeksmtp.model import FINDING, Advice, Detector, Finding, Hosts, Params, identity
from zeeksmtp.report.findings import credentials_of, findings_of, in_order

T = datetime(2026, 11, 23, 6, tzinfo=UTC)


def detector(**more: Any) -> Detector:
    given: dict[str, Any] = {
        "id": "some-thing",
        "title": "{accounts} on {servers}",
        "summary": "{clients} did {exchanges} ({names}) {count} {first}",
        "actions": (Advice("Do."),),
        "attack": ("T1040",),
        "needs": (),
        "required_logs": (),
        "params": Params,
        "plan": lambda *_: None,
    }
    return Detector(**(given | more))


def row(**more: Any) -> dict[str, Any]:
    return {
        "key": ["a", "s", "x"],
        "severity": "high",
        "confidence": "low",
        "first": T,
        "last": T,
        "count": 3,
        "clients": ["a"],
        "servers": ["s"],
        "accounts": ["x"],
        "terms": [{"name": "exchanges", "value": 3.0, "weight": 1.0}],
        "details": [{"name": "names", "values": ["n"]}],
        "test": None,
        "uids": ["C1"],
        "attack": [],
        "visibility": "",
    } | more


def finding_of(detector: Detector, row: dict[str, Any]) -> Finding:
    (found,) = findings_of(detector, pl.DataFrame([row], schema=finding_schema(FINDING)))
    return found


def test_the_id_is_a_hash_of_detector_and_entity_alone() -> None:
    canonical = '["some-thing",["a","s","x"]]'
    assert identity("some-thing", ["a", "s", "x"]) == hashlib.sha256(canonical.encode()).hexdigest()[:16]
    moved = row(first=datetime(2020, 1, 1, tzinfo=UTC), count=9, uids=["C9"], severity="low")
    assert finding_of(detector(), row()).id == finding_of(detector(), moved).id


def test_an_id_is_made_of_utf8_unescaped() -> None:
    assert identity("d", ["jörg"]) == hashlib.sha256('["d",["jörg"]]'.encode()).hexdigest()[:16]


def test_a_template_names_fields_and_evidence() -> None:
    found = finding_of(detector(), row())
    assert found.title == "x on s"
    assert found.summary == "a did 3 (n) 3 2026-11-23 06:00 UTC"


@pytest.mark.parametrize("hostile", ["{clients.__class__}", "{0}", "{", "}", "{accounts!r}", "%s"])
def test_logged_text_is_never_a_template(hostile: str) -> None:
    assert finding_of(detector(), row(accounts=[hostile])).title == f"{hostile} on s"


def test_a_long_list_is_cut_in_the_sentence_not_in_the_finding() -> None:
    found = finding_of(detector(), row(servers=[f"s{n}" for n in range(15)]))
    assert found.title.endswith("s9 and 5 more")
    assert len(found.servers) == 15


def test_a_frame_gives_a_finding_for_each_row() -> None:
    test = {"score": 2.5, "threshold": 2.0, "trials": 9, "bad": 8, "alarm_at": T}
    rows = [row(), row(key=["b"], test=test, details=[{"name": "names", "values": []}], attack=["T1087.003"])]
    frame = pl.DataFrame(rows, schema=finding_schema(FINDING))
    found = findings_of(detector(), frame)
    assert found == [finding_of(detector(), one) for one in rows]
    assert findings_of(detector(), frame.clear()) == []


def test_braces_of_a_template_are_text() -> None:
    assert finding_of(detector(title="{{{accounts}}}"), row()).title == "{x}"


def test_a_template_that_names_what_is_not_there_fails() -> None:
    with pytest.raises(KeyError, match="nothing"):
        finding_of(detector(title="{nothing}"), row())


def test_an_empty_user_and_no_user_are_told_apart() -> None:
    assert finding_of(detector(), row(accounts=[""])).title == '"" on s'
    assert finding_of(detector(), row(accounts=[])).title == "none on s"


def test_numbers_are_whole_where_they_can_be() -> None:
    terms = [{"name": "exchanges", "value": value, "weight": 0.5} for value in (3.0, 0.123456)]
    found = finding_of(detector(), row(terms=terms))
    assert [(t.value, type(t.value)) for t in found.evidence.terms] == [(3, int), (0.1235, float)]


def test_a_rows_own_attack_ids_win() -> None:
    assert finding_of(detector(), row()).attack == ("T1040",)
    assert finding_of(detector(), row(attack=["T1087.003"])).attack == ("T1087.003",)


def test_findings_are_sorted_worst_first() -> None:
    found = [finding_of(detector(), row(severity=s, key=[s])) for s in ("low", "critical", "info", "high", "medium")]
    assert [f.severity for f in in_order(found)] == ["critical", "high", "medium", "low", "info"]


def test_passwords_to_change_are_those_of_compromising_detectors_from_medium_on() -> None:
    found = [
        finding_of(detector(), row(key=["1"], accounts=["x", "y"])),
        finding_of(detector(), row(key=["2"], accounts=["x"], last=datetime(2026, 11, 24, tzinfo=UTC))),
        finding_of(detector(), row(key=["3"], accounts=["z"], severity="low")),
        finding_of(detector(id="other"), row(key=["4"], accounts=["w"])),
    ]
    due = credentials_of(found, {"some-thing"}, Hosts())
    assert [(c.account, c.server, c.why) for c in due] == [("x", "s", found[1].id), ("y", "s", found[0].id)]


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 reply, 1 login"), (2, "2 replies, 2 logins"), (0, "0 replies, 0 logins")]
)
def test_a_number_brings_its_noun(count: int, words: str) -> None:
    spoken = detector(summary="{count:reply|replies}, {count:login}")
    assert finding_of(spoken, row(count=count)).summary == words, "regular and irregular plurals"


@pytest.mark.parametrize(("names", "words"), [(["a", "b"], "two (a, b)."), ([], "two.")])
def test_a_list_can_vanish_with_its_frame(names: list[str], words: str) -> None:
    spoken = detector(summary="two{names: (%)}.")
    assert finding_of(spoken, row(details=[{"name": "names", "values": names}])).summary == words
