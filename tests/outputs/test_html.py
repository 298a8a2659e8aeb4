"""The page: one file of inert text, whatever was logged; small, in order, for eye, keyboard and screen reader."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from tests.outputs import _reports
from tests.outputs._hostile import MARKUP, REFERENCES, Page, hostile
from zeeksmtp.model import Explanation, Report, Severity
from zeeksmtp.outputs import _page, html
from zeeksmtp.outputs._escape import plain

TOLD = Explanation(
    about="A password went by.", sees="AUTH.", matters="It can be read.", benign="None.", todo="Change it."
)
PIECES = [
    *"<>\"'&;=/!-[]{}#%` \n\t\x00x",
    "script",
    "<!--",
    "-->",
    "]]>",
    "</",
    "&lt;",
    "{{",
    "{%",
    "\\",
    "\u202e",
    "\ud800",
]


def rendered(report: Report) -> str:
    """Render `report` as a page."""
    return html.OUTPUT.render(report, None)


def explained(report: Report) -> Report:
    """Give `report` with a text for each of its detectors, and hours that went above what is usual."""
    loud = report.volumes[0].model_copy(update={"messages": 90, "value": 90})
    told = {finding.detector: TOLD for finding in report.findings}
    return report.model_copy(update={"detectors": told, "volumes": (*report.volumes, loud)})


@pytest.fixture(scope="module")
def page() -> Page:
    """Give the page of the report that has everything in it."""
    return Page(rendered(explained(_reports.full())))


def drawn_apart(text: str) -> str:
    """Cut the drawings out: another version of the renderer places a line elsewhere."""
    return re.sub(r"(</desc>).*?(</svg>)", r"\1…\2", text, flags=re.DOTALL)


def test_everything(full: Report, snapshot: SnapshotAssertion) -> None:
    assert drawn_apart(rendered(explained(full))).partition("</style>")[2] == snapshot


def test_nothing_says_what_could_not_be_seen(empty: Report, snapshot: SnapshotAssertion) -> None:
    assert rendered(empty).partition("</style>")[2] == snapshot


def test_the_same_report_gives_the_same_page(full: Report) -> None:
    assert rendered(full) == rendered(full)


@pytest.mark.parametrize("keep", [(), REFERENCES], ids=["every string", "all but references"])
def test_markup_in_every_string_stays_text(full: Report, keep: frozenset[str]) -> None:
    report = explained(full)
    text = rendered(hostile(report, MARKUP, keep))
    assert {char for char in text if not char.isprintable()} == {"\n"}
    there = Page(text)
    assert there.tags == Page(rendered(hostile(report, "harmless", keep))).tags
    assert not there.odd
    assert not there.stack
    told = "".join(there.texts)
    assert told.count("<script>document.title='owned'</script>") > 40
    assert plain(MARKUP)[-30:] in told


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_no_text_whatever_changes_what_the_page_is_made_of(text: str) -> None:
    report = explained(_reports.full())
    bare = report.model_copy(update={"volumes": (), "traffic": _reports.empty().traffic})
    assert Page(rendered(hostile(bare, text, REFERENCES))).tags == Page(rendered(bare)).tags


def test_nothing_runs_and_nothing_is_loaded(page: Page) -> None:
    names = {name for _, name, _ in page.attributes}
    assert not {tag for tag, _ in page.tags} & {
        "script",
        "img",
        "link",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "image",
    }
    assert not [name for name in names if name.startswith("on")]
    assert not names & {"src", "srcset", "xlink:href", "action", "style"}
    assert all(value.startswith("#") for value in page.values("href"))
    style = page.texts[next(i for i, text in enumerate(page.texts) if ":root" in text)]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page.values("content")


def test_every_link_leads_somewhere_and_ids_are_unique(page: Page) -> None:
    ids = page.values("id")
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    assert {value[1:] for value in page.values("href")} <= set(ids)
    named = [value for name in ("aria-labelledby", "aria-describedby") for value in page.values(name)]
    assert set(named) <= set(ids)


def test_a_finding_leads_to_its_incident_and_its_check(full: Report) -> None:
    text = rendered(explained(full))
    finding = text.split(f'id="f-{full.findings[0].id}"')[1].split("</details>")[0]
    assert f'href="#i-{full.incidents[0].id}"' in finding
    assert 'href="#d-cleartext-credentials"' in finding
    incident = text.split(f'id="i-{full.incidents[0].id}"')[1].split("</article>")[0]
    assert f'href="#f-{full.findings[0].id}"' in incident


def test_headings_go_down_one_step_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


def test_tables_and_charts_can_be_listened_to(page: Page) -> None:
    tags = Counter(tag for tag, _ in page.tags)
    assert tags["table"] == tags["caption"] > 5
    assert all("scope" in names for tag, names in page.tags if tag == "th")
    charts = page.values("role").count("img")
    assert charts == tags["figure"] == tags["figcaption"] == tags["desc"] == 4
    assert page.values("lang", "html") == ["en"]
    assert page.values("href")[0] == "#main"


def test_what_is_new_comes_first(full: Report) -> None:
    states = ("acknowledged", "quiet", "ongoing", "new", "ongoing", "new")
    findings = tuple(replace(f, state=s) for f, s in zip(full.findings, states, strict=True))
    told = _page.page(full.model_copy(update={"findings": findings}), _page.ROOMS[0])
    assert [group.name for group in told.groups] == [
        "New: medium",
        "New: info",
        "Ongoing: high",
        "Ongoing: low",
        "Quiet again: critical",
        "Acknowledged: critical",
    ]
    assert told.stories[0].state == "ongoing"
    assert next(f for f in told.figures if f.name == "Findings").context.startswith("2 new; ")


def test_an_incident_with_news_comes_before_a_worse_one_without(full: Report) -> None:
    old, new = full.findings[0], replace(full.findings[2], state="new")
    worse = replace(full.incidents[0], findings=(old.id,))
    fresh = replace(full.incidents[0], id="b" * 16, title="Fresh", findings=(new.id,), score=9)
    findings = (replace(old, state="ongoing"), new)
    told = _page.page(full.model_copy(update={"findings": findings, "incidents": (worse, fresh)}), _page.ROOMS[0])
    assert [story.incident.title for story in told.stories] == ["Fresh", worse.title]
    assert told.first_step == new.action


def test_an_incident_whose_findings_are_elsewhere_is_told_by_its_narrative(full: Report) -> None:
    text = rendered(full.model_copy(update={"findings": (), "credentials_to_change": ()}))
    assert plain(full.incidents[0].narrative)[:60] in text


def test_steps_lie_within_their_incident(full: Report) -> None:
    late = replace(full.findings[0], id="f" * 16, first=full.incidents[0].last + timedelta(days=9))
    incident = replace(full.incidents[0], findings=(*full.incidents[0].findings, late.id))
    report = full.model_copy(update={"findings": (*full.findings, late), "incidents": (incident,)})
    steps = _page.page(report, _page.ROOMS[0]).stories[0].steps
    assert len(steps) == 3
    assert all(0 <= step.start <= 99 and 0 < step.length <= 100 - step.start for step in steps)
    moment = replace(incident, last=incident.first)
    shown = _page.page(report.model_copy(update={"incidents": (moment,)}), _page.ROOMS[0]).stories[0].steps
    assert [(step.start, step.length) for step in shown] == [(0, 100)] * 3


def test_many_findings_of_a_kind_are_one_step_as_grave_as_the_worst(full: Report) -> None:
    many = [replace(full.findings[0], id=f"{n:016x}", severity=Severity.MEDIUM) for n in range(40)]
    other = replace(full.findings[2], id="e" * 16)
    findings = (*many, replace(full.findings[0], id="d" * 16), other)
    incident = replace(full.incidents[0], findings=tuple(finding.id for finding in findings))
    report = Report.model_validate(full.model_dump(by_alias=True) | {"findings": findings, "incidents": (incident,)})
    steps = _page.page(report, _page.ROOMS[0]).stories[0].steps
    assert [(len(step.findings), step.severity) for step in steps] == [(41, "critical"), (1, "high")]
    text = rendered(explained(report))
    timeline = text.split('class="timeline"')[1].split("</ol>")[0]
    assert "41 \u00d7 A password went by." in timeline
    assert timeline.count(full.findings[0].summary) == _page.ROOMS[0].lines
    section = text.split('id="findings"')[1].split('id="checks"')[0]
    assert "<summary>40 \u00d7 A password went by.</summary>" in section
    assert "And 20 more; the JSON form has all." in section


def test_all_but_the_first_incidents_are_folded(full: Report) -> None:
    incidents = tuple(replace(full.incidents[0], id=f"{n:016x}") for n in range(50))
    page = Page(rendered(full.model_copy(update={"incidents": incidents})))
    kinds = Counter(tag for tag, name, value in page.attributes if name == "id" and value.startswith("i-"))
    assert kinds == {"article": _page.OPEN, "details": _page.ROOMS[0].incidents - _page.OPEN}
    assert "And 10 more; the JSON form has all." in page.texts


def test_what_to_do_fits_the_title(full: Report) -> None:
    equal = replace(full.findings[2], severity=full.findings[0].severity, state=None)
    incident = replace(full.incidents[0], title=equal.title)
    report = full.model_copy(update={"findings": (full.findings[0], equal), "incidents": (incident,)})
    assert _page.page(report, _page.ROOMS[0]).first_step == equal.action
    alone = report.model_copy(update={"incidents": ()})
    assert _page.page(alone, _page.ROOMS[0]).first_step == full.findings[0].action


def test_who_asked_for_names_and_what_they_learned(full: Report) -> None:
    counts = [
        {"name": name, "value": value, "weight": 1}
        for name, value in (("names", 40), ("confirmed", 15), ("unknown", 25))
    ]
    learned = tuple(f"user{n}" for n in range(15))
    asked = _reports.finding(
        7, evidence={"terms": counts, "details": ({"name": "confirmed_names", "values": learned},)}
    )
    vain = _reports.finding(8, evidence={"terms": [term | {"value": 0} for term in counts]})
    text = rendered(
        Report.model_validate(full.model_dump(by_alias=True) | {"findings": (vain, asked), "incidents": ()})
    )
    section = text.split('id="names"')[1].split("</section>")[0]
    assert "asked for 40 names: 15 confirmed, 25 unknown" in section
    assert "<li>user14</li>" in section
    assert section.index("user14") < section.index("1 asker who learned no name")


def test_a_number_that_cannot_be_known_is_no_zero(empty: Report) -> None:
    figures = {figure.name: figure.value for figure in _page.page(empty, _page.ROOMS[0]).figures}
    assert figures["Passwords to change"] == "?"
    assert figures["Sessions with TLS"] == "?"


def _many(report: Report, text: str) -> Iterator[Report]:
    base = hostile(report, text, REFERENCES)
    findings = tuple(replace(f, id=f"{n:015x}{i}") for n in range(900) for i, f in enumerate(base.findings))
    incidents = tuple(replace(base.incidents[0], id=f"{n:016x}") for n in range(300))
    yield base.model_copy(
        update={
            "findings": findings,
            "incidents": incidents,
            "volumes": base.volumes * 250,
            "roles": base.roles * 250,
            "credentials_to_change": base.credentials_to_change * 200,
            "posture": base.posture.model_copy(update={"servers": base.posture.servers * 200}),
            "inputs": base.inputs.model_copy(update={"files": base.inputs.files * 500}),
        }
    )


@pytest.mark.parametrize("text", ["", "<&\"'>" * 500], ids=["plain", "as long as can be"])
def test_a_page_can_be_mailed_whatever_a_month_held(full: Report, text: str) -> None:
    (report,) = _many(explained(full), text)
    shown = rendered(report)
    assert len(shown.encode()) < html.LIMIT
    assert "more; the JSON form has all." in shown
    assert Page(shown).values("id").count("main") == 1
