"""The STIX bundle, read and judged by the library of the standard's own; nothing of the site is in it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import stix2
from hypothesis import given, settings
from hypothesis import strategies as st
from stix2patterns.validator import run_validator

from tests.e2e import _runs
from tests.outputs._hostile import MARKUP, REFERENCES, hostile
from tests.outputs._reports import holding
from tests.outputs.test_intel import RECORDED, attacked
from zeeksmtp.model import Report, View
from zeeksmtp.outputs import stix
from zeeksmtp.rendering.pseudonyms import pseudonymise


def read(report: Report) -> list[Any]:
    """Render and parse: the library refuses unknown and missing properties; each reference leads to an object."""
    text = stix.OUTPUT.render(report, View())
    assert text.isascii()
    bundle = stix2.parse(text, allow_custom=False, version="2.1")
    ids = {thing.id for thing in bundle.objects}
    assert len(ids) == len(bundle.objects)
    for thing in json.loads(text)["objects"]:
        named = [value for key, value in thing.items() if key.endswith("_ref")]
        assert {*named, *thing.get("object_marking_refs", ())} <= ids
    for indicator in of(bundle.objects, "indicator"):
        assert run_validator(indicator.pattern, stix_version="2.1") == []
    return list(bundle.objects)


def of(objects: list[Any], kind: str) -> list[Any]:
    return [thing for thing in objects if thing.type == kind]


def test_an_attacker(full: Report) -> None:
    objects = read(attacked(full, "203.0.113.9", "2001:db8::9"))
    one, other = of(objects, "indicator")
    assert (one.pattern, other.pattern) == ("[ipv4-addr:value = '203.0.113.9']", "[ipv6-addr:value = '2001:db8::9']")
    assert (one.valid_from, one.labels) == (full.incidents[0].first, ["severity-critical"])
    assert [sighting.sighting_of_ref for sighting in of(objects, "sighting")] == [one.id, other.id]
    assert {(r.source_ref, r.relationship_type) for r in of(objects, "relationship")} == {
        (one.id, "indicates"),
        (other.id, "indicates"),
    }
    assert [p.external_references[0].external_id for p in of(objects, "attack-pattern")] == ["T1589.002"]


def test_no_attacker(full: Report, empty: Report) -> None:
    for report in (full, empty, pseudonymise(attacked(full, "203.0.113.9"))):
        assert {thing.type for thing in read(report)} == {"identity", "marking-definition"}


def test_ids_are_the_same_in_a_later_report(full: Report) -> None:
    earlier = read(attacked(full, "203.0.113.9"))
    later = read(attacked(full, "203.0.113.9", last=full.incidents[0].last.replace(year=2027)))
    assert [thing.id for thing in earlier] == [thing.id for thing in later]
    assert of(later, "indicator")[0].modified > of(earlier, "indicator")[0].modified


def test_all_of_it_is_marked(full: Report) -> None:
    for thing in read(attacked(full, "203.0.113.9")):
        if thing.type not in {"identity", "marking-definition"}:
            assert thing.object_marking_refs == [stix2.TLP_AMBER.id]


@pytest.mark.parametrize("name", RECORDED)
def test_nothing_of_the_site_is_in_it(name: str) -> None:
    report = Report.model_validate(_runs.capture(name))
    assert {indicator.pattern.split("'")[1] for indicator in of(read(report), "indicator")} == RECORDED[name]
    text = stix.OUTPUT.render(report, View())
    things = (*report.findings, *report.incidents)
    names = {name for thing in things for name in (*thing.clients, *thing.servers, *thing.accounts) if name}
    assert [name for name in names - RECORDED[name] if name in text] == []


@given(text=st.text(max_size=20) | st.sampled_from(["10.0.0.1' OR '1", "::1"]))
@settings(max_examples=10, deadline=None)
def test_whatever_was_logged(text: str) -> None:
    read(attacked(holding(text), text, "203.0.113.9"))


def test_hostile_strings(full: Report) -> None:
    objects = read(hostile(attacked(full, "203.0.113.9"), MARKUP, keep={*REFERENCES, "attackers", "clients"}))
    assert len(of(objects, "indicator")) == 1 and of(objects, "attack-pattern") == []


def test_without_the_library_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['stix2'] = None; from zeeksmtp.outputs import stix; "
        "from tests.outputs import _reports; from zeeksmtp.model import View; stix.render(_reports.full(), View())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'zeeksmtp[stix]'" in done.stderr.splitlines()[-1]
