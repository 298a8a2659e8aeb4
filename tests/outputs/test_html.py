"""The page: one file of inert text, whatever was logged; small, in order, for eye, keyboard and screen reader."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from tests.conftest import EXAMPLES_OF_REPORTS
from tests.outputs import _reports
from tests.outputs._hostile import MARKUP, REFERENCES, Page, hostile
from zeeksmtp.escaping import plain
from zeeksmtp.model import (
    Action,
    Change,
    ChangeTable,
    Day,
    Explanation,
    Finding,
    Incident,
    Report,
    Severity,
    TimelineEntry,
    View,
)
from zeeksmtp.outputs import _page, _page_tables, html
from zeeksmtp.outputs._page_limits import LIMITS
from zeeksmtp.report.entries import entries

EXPLANATION = Explanation(
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
    """Return the page of `report`."""
    return html.OUTPUT.render(report, View())


def explained(report: Report) -> Report:
    """Return `report` with a text for each of its detectors, and hours that went above what is usual."""
    loud = report.volumes[0].model_copy(update={"messages": 90, "value": 90})
    texts = {finding.detector: EXPLANATION for finding in report.findings}
    return report.model_copy(update={"detectors": texts, "volumes": (*report.volumes, loud)})


@pytest.fixture(scope="module")
def page() -> Page:
    """Return the page of the report that has everything in it."""
    return Page(rendered(explained(_reports.full())))


def changed(thing: Finding, **values: object) -> Finding:
    """Return a finding with other values."""
    return thing.model_copy(update=values)


def with_incidents(report: Report, *incidents: Incident) -> Report:
    """Return `report` with these incidents."""
    return report.model_copy(update={"incidents": incidents})


def section(text: str, name: str) -> str:
    """Return the section of a page whose heading has the id `name`."""
    return text.split(f'<section aria-labelledby="{name}">')[1].split("</section>", maxsplit=1)[0]


def card(text: str, number: int = 1) -> str:
    """Return the card of an incident."""
    return text.split(f'id="i-{number}"')[1].split("</article>", maxsplit=1)[0]


def test_everything(full: Report, snapshot: SnapshotAssertion) -> None:
    assert rendered(explained(full)).partition("</style>")[2] == snapshot


def test_nothing_says_what_could_not_be_seen(empty: Report, snapshot: SnapshotAssertion) -> None:
    assert rendered(empty).partition("</style>")[2] == snapshot


def test_the_same_report_gives_the_same_page(full: Report) -> None:
    assert rendered(full) == rendered(full)


@pytest.mark.parametrize("keep", [(), REFERENCES], ids=["every string", "all but references"])
def test_markup_in_every_string_stays_text(full: Report, keep: frozenset[str]) -> None:
    report = explained(full)
    text = rendered(hostile(report, MARKUP, keep))
    assert {char for char in text if not char.isprintable()} == {"\n"}
    shown = Page(text)
    assert shown.tags == Page(rendered(hostile(report, "harmless", keep))).tags
    assert not shown.odd
    assert not shown.stack
    words = "".join(shown.texts)
    assert words.count("<script>document.title='owned'</script>") > 60
    assert plain(MARKUP)[-30:] in words


@cache
def _full() -> tuple[Report, list[tuple[str, tuple[str, ...]]]]:
    """Return the report that has everything, and the tags of its page."""
    report = explained(_reports.full())
    return report, Page(rendered(report)).tags


@settings(max_examples=EXAMPLES_OF_REPORTS)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_no_text_whatever_changes_what_the_page_is_made_of(text: str) -> None:
    report, tags = _full()
    assert Page(rendered(hostile(report, text, REFERENCES))).tags == tags


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


def test_a_password_leads_to_its_finding_and_the_finding_to_its_detector(full: Report) -> None:
    text = rendered(explained(full))
    finding = f"f-{full.findings[0].id}"
    assert f'<a href="#{finding}">Incident 1</a>' in section(text, "passwords")
    assert f'id="{finding}"' in card(text)
    assert 'href="#d-cleartext-credentials"' in card(text)


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
    assert charts == tags["figure"] == tags["figcaption"] == tags["desc"] == 4  # two senders, hours, a server
    assert page.values("lang", "html") == ["en"]
    assert page.values("href")[0] == "#main"


def test_the_head_says_what_to_do_first(full: Report) -> None:
    text = rendered(full)
    head = text.split("</header>")[0]
    assert "<h1>1 incident: 1 critical; 4 other findings</h1>" in head
    assert f'<a href="#i-1">{full.incidents[0].title}</a>' in head
    assert full.incidents[0].actions[1].text not in head
    figures = {f.name: (f.value, f.context) for f in _page.page(full, LIMITS[0]).figures}
    assert figures == {
        "Incidents": ("1", "1 critical"),
        "Other findings": ("4", "1 critical, 1 medium, 1 low, 1 info"),
        "Passwords to change": ("2", "exposed or guessed"),
        "Sessions with TLS": ("40%", "4 of 10"),
    }


def test_the_gravest_comes_first_whatever_is_new_and_the_acknowledged_last(full: Report) -> None:
    states = ("acknowledged", "ongoing", "new")
    severities = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
    mixed = (
        full.incidents[0].model_copy(update={"title": state, "state": state, "severity": severity})
        for state, severity in zip(states, severities, strict=True)
    )
    shown = _page.page(with_incidents(full, *mixed), LIMITS[0])
    assert [(card.number, card.incident.title) for card in shown.cards] == [
        (2, "ongoing"),
        (3, "new"),
        (1, "acknowledged"),
    ]
    incidents = [one.anchor for one in shown.urgent if isinstance(one.thing, Incident)]
    assert incidents == ["i-2", "i-3"]
    assert shown.figures[0].context == "1 new; 1 critical, 1 high, 1 medium"


def test_all_but_the_first_incidents_are_folded(full: Report) -> None:
    incident = full.incidents[0].model_copy(update={"timeline": ()})
    shown = Page(rendered(with_incidents(full, *[incident] * 9)))
    kinds = [tag for tag, name, value in shown.attributes if name == "id" and value.startswith("i-")]
    assert kinds == ["article"] * 5 + ["details"] * 4


def test_states_are_marked(full: Report) -> None:
    text = rendered(with_incidents(full, full.incidents[0].model_copy(update={"state": "new"})))
    assert '<span class="state new">new</span>' in card(text)
    assert '<span class="state new">new</span>' in text.split("</header>")[0]


def test_a_card_says_what_came_of_it_and_who_has_to_do_what(full: Report) -> None:
    text = card(rendered(full))
    assert "2 addresses confirmed as valid: bob, carol." in text
    yours = text.split("<h4>Your steps</h4>")[1].split("<h4>")[0]
    others = text.split("<h4>Tell others</h4>")[1].split("<h4>")[0]
    assert "Turn VRFY and EXPN off on 10.0.0.25." in yours
    assert "Tell the operator of 198.51.100.25" in others
    assert "Tell the operator" not in yours
    only = full.incidents[0].model_copy(update={"actions": (Action(owner="site", text="Isolate it."),)})
    assert "Tell others" not in card(rendered(with_incidents(full, only)))


def test_a_card_describes_the_campaign(full: Report) -> None:
    text = card(rendered(full))
    assert "User enumeration by 31 sources in 2 networks (203.0.113.0/24, 2001:db8::/64) against 10.0.0.25" in text
    assert "<dt>Sources</dt>" in text
    alone = full.incidents[0].model_copy(update={"campaign": None})
    assert "Campaign" not in card(rendered(with_incidents(full, alone)))


def test_names_beyond_the_limit_are_counted(full: Report) -> None:
    clients = tuple(f"192.0.2.{n}" for n in range(130))
    text = card(rendered(with_incidents(full, full.incidents[0].model_copy(update={"clients": clients}))))
    assert "<summary>126 more</summary>" in text
    assert "192.0.2.99 and 30 more in the JSON form" in text


def test_names_of_hosts_say_where_they_come_from(full: Report) -> None:
    text = card(rendered(full))
    assert '203.0.113.9 <span class="label">(HELO probe.evil.example \\x1b[31mred\\x1b[0m)</span>' in text
    assert '10.0.0.25 <span class="label">(relay; banner mx.corp.example)</span>' in text


def test_symptoms_are_counted_where_they_belong_and_not_listed_beside(full: Report) -> None:
    text = rendered(full)
    symptom = full.findings[6]
    assert "Also: 12 hosts that do not use STARTTLS, 1 rejection by blocklists" in card(text)
    assert symptom.summary in card(text)
    assert symptom.title not in section(text, "findings")


def test_findings_of_an_incident_are_not_repeated(full: Report) -> None:
    text = rendered(full)
    own, other = full.findings[0], full.findings[3]
    assert text.count(f'id="f-{own.id}"') == 1
    assert f'id="f-{own.id}"' in card(text)
    assert f'id="f-{other.id}"' in section(text, "findings")


def test_what_an_inferred_finding_is_inferred_from(full: Report) -> None:
    inferred = changed(full.findings[4], visibility="inferred", basis=("conn", "smtp"))
    text = rendered(full.model_copy(update={"findings": (inferred,), "incidents": ()}))
    assert "inferred from conn.log and smtp.log" in section(text, "findings")


def test_no_evidence_of_an_incident_is_cut_away(full: Report) -> None:
    """Thirty sources with a hundred names each: all of it is there, folded."""
    names = [[f"user{source}-{n}" for n in range(100)] for source in range(30)]
    probes = [
        Finding.model_validate(
            _reports.finding(100 + n, evidence={"details": ({"name": "names_tried", "values": tuple(tried)},)})
        )
        for n, tried in enumerate(names)
    ]
    steps = tuple(TimelineEntry(time=probe.first, finding=probe.id, text=f"step {probe.id}") for probe in probes)
    ids = tuple(probe.id for probe in probes)
    campaign = full.incidents[0].model_copy(update={"findings": ids, "timeline": steps})
    report = with_incidents(full.model_copy(update={"findings": tuple(probes)}), campaign)
    text = card(rendered(report))
    assert all(f"{name}," in text or f"{name}<" in text for tried in names for name in tried)
    assert all(f"step {probe.id}" in text for probe in probes)
    assert "22 later steps" in text


def test_a_session_can_be_copied_into_a_shell(full: Report) -> None:
    shown = html.OUTPUT.render(full, View(show="zeeksmtp show logs/today"))
    assert "<code>zeeksmtp session CzA1 logs/today</code>" in card(shown)
    incident = full.incidents[0].model_copy(update={"uids": ("$(reboot);x",)})
    assert "<code>zeeksmtp session &#39;$(reboot);x&#39; PATH</code>" in card(rendered(with_incidents(full, incident)))


def test_a_timeline_without_findings_is_told_by_its_text(full: Report) -> None:
    text = card(rendered(full.model_copy(update={"findings": (), "credentials_to_change": ()})))
    assert plain(full.incidents[0].timeline[1].text) in text
    assert "Evidence" not in text


def test_steps_lie_within_their_incident(full: Report) -> None:
    late = changed(full.findings[0], id="f" * 16, first=full.incidents[0].last + timedelta(days=9))
    steps = (*full.incidents[0].timeline, TimelineEntry(time=late.first, finding=late.id, text="late"))
    incident = full.incidents[0].model_copy(update={"timeline": steps})
    report = with_incidents(full.model_copy(update={"findings": (*full.findings, late)}), incident)
    entries = _page.page(report, LIMITS[0]).cards[0].steps
    assert len(entries) == 3
    assert entries[0].start == 0
    assert entries[0].length > 1
    assert all(0 <= entry.start <= 99 and 0 < entry.length <= 100 - entry.start for entry in entries)
    moment = incident.model_copy(update={"last": incident.first})
    shown = _page.page(with_incidents(report, moment), LIMITS[0]).cards[0].steps
    assert [(entry.start, entry.length) for entry in shown] == [(0, 100)] * 3


def test_grave_findings_are_shown_in_full_and_the_others_by_a_line(full: Report) -> None:
    medium, low = full.findings[3], changed(full.findings[4], action="Require TLS for 192.0.2.7.")
    findings = (*full.findings[:4], low, full.findings[5])
    text = section(rendered(full.model_copy(update={"findings": findings})), "findings")
    assert plain(medium.action).replace("'", "&#39;") in text
    assert low.summary in text
    assert low.action not in text
    assert text.index("Critical") < text.index("Medium") < text.index("Low") < text.index("Info")


def test_findings_have_the_numbers_by_which_they_can_be_shown(full: Report) -> None:
    text = rendered(full)
    numbers = {thing.id: number for number, thing in enumerate(entries(full), 1)}
    medium, low = full.findings[3], full.findings[4]
    assert f"Finding {numbers[medium.id]}<" in section(text, "findings").split(medium.title)[0]
    assert f'<ol class="lines" start="{numbers[low.id]}">\n<li id="f-{low.id}">' in text
    assert f'<a href="#f-{full.findings[1].id}">Finding {numbers[full.findings[1].id]}</a>' in text


def test_tables_show_the_top_and_how_many_there_are(full: Report) -> None:
    row = full.posture.clients.rows[0]
    rows = tuple(row.model_copy(update={"client": f"10.9.0.{n}"}) for n in range(41))
    clients = full.posture.clients.model_copy(update={"rows": rows})
    posture = full.posture.model_copy(update={"clients": clients})
    text = section(rendered(full.model_copy(update={"posture": posture})), "encryption")
    assert "Clients (15 of 41)" in text
    assert "10.9.0.14" in text
    assert "10.9.0.15" not in text
    assert "41 in all; <code>zeeksmtp export</code> writes every row." in text
    assert "Pairs (1 of 77)" in text
    assert "Servers</caption>" in text


def test_who_probed_for_addresses_and_what_was_disclosed(full: Report) -> None:
    counts = [
        {"name": name, "value": value, "weight": 1}
        for name, value in (("names", 40), ("confirmed", 30), ("unknown", 10))
    ]
    disclosed = tuple(f"user{n}" for n in range(30))
    probe = _reports.finding(
        7, evidence={"terms": counts, "details": ({"name": "confirmed_names", "values": disclosed},)}
    )
    vain = _reports.finding(8, evidence={"terms": [term | {"value": 0} for term in counts]})
    text = rendered(
        Report.model_validate(full.model_dump(by_alias=True) | {"findings": (vain, probe), "incidents": ()})
    )
    addresses = section(text, "addresses")
    assert "40 probed, 30 valid, 10 unknown" in addresses
    assert "user29" in addresses
    assert addresses.index("user29") < addresses.index("1 probe that disclosed no address")


def test_a_number_that_cannot_be_known_is_no_zero(empty: Report) -> None:
    figures = {figure.name: figure.value for figure in _page.page(empty, LIMITS[0]).figures}
    assert figures["Passwords to change"] == "?"
    assert figures["Sessions with TLS"] == "?"


def _grown(report: Report, text: str) -> Report:
    """Return a report as large as a month of a large site, with `text` in every string."""
    base = hostile(report, text, REFERENCES)
    findings = tuple(changed(f, id=f"{n:015x}{i}") for n in range(500) for i, f in enumerate(base.findings))
    step = base.incidents[0].timeline[0]
    incidents = []
    for n in range(120):
        own = findings[n * 10 : n * 10 + 10]
        steps = tuple(step.model_copy(update={"finding": finding.id}) for finding in own)
        held = {"id": f"{n:016x}", "timeline": steps, "findings": tuple(finding.id for finding in own)}
        incidents.append(base.incidents[0].model_copy(update=held))
    posture: dict[str, object] = {"servers": base.posture.servers * 200}
    posture |= {name: {"total": 900, "rows": getattr(base.posture, name).rows * 100} for name in ("clients", "pairs")}
    return Report.model_validate(
        base.model_dump(by_alias=True)
        | {
            "findings": [finding.model_dump() for finding in findings],
            "incidents": [incident.model_dump() for incident in incidents],
            "volumes": base.volumes * 160,
            "roles": base.roles * 250,
            "credentials_to_change": [c.model_dump() for c in base.credentials_to_change * 100],
            "posture": base.posture.model_dump() | posture,
            "inputs": base.inputs.model_copy(update={"files": base.inputs.files * 500}),
        }
    )


@pytest.mark.parametrize("text", ["", "<&\"'>" * 500], ids=["plain", "as long as can be"])
def test_a_page_can_be_mailed_whatever_a_month_held(full: Report, text: str) -> None:
    shown = rendered(_grown(explained(full), text))
    assert len(shown.encode()) < View().max_bytes
    assert "more; the JSON form has all." in shown
    page = Page(shown)
    ids = page.values("id")
    assert ids.count("main") == 1
    assert len(ids) == len(set(ids))
    assert {value[1:] for value in page.values("href")} <= set(ids)


def test_an_ordinary_page_is_small(full: Report) -> None:
    """Programs that show mail cut a text at about 100 kB."""
    assert len(rendered(explained(full)).encode()) < 50_000


def test_a_page_for_a_mail_keeps_what_is_urgent(full: Report) -> None:
    report = _grown(explained(full), "")
    shown = html.render(report, View(max_bytes=70_000))
    assert len(shown.encode()) <= 70_000
    assert '<h2 id="first">Do first</h2>' in shown
    assert "Your steps" in card(shown)
    assert report.credentials_to_change[0].account in section(shown, "passwords")
    assert "Shortened: a report in JSON has everything" in shown
    page = Page(shown)
    assert {value[1:] for value in page.values("href")} <= set(page.values("id"))


def test_evidence_goes_after_all_else(full: Report) -> None:
    report = explained(full)
    whole = rendered(report)
    shorter = html.render(report, View(max_bytes=len(whole.encode()) - 1))
    assert 'id="mail"' not in shorter
    assert card(shorter) == re.sub(r' <a href="#d-[a-z-]+">About this detector</a>', "", card(whole))


def test_incidents_without_a_card_are_named(full: Report) -> None:
    many = [full.incidents[0].model_copy(update={"title": f"Number {n}", "timeline": ()}) for n in range(1, 105)]
    incidents = section(rendered(with_incidents(full, *many)), "incidents")
    assert "104. Number 104" in incidents
    assert "101. Number 101" in incidents
    assert "100. Number 100" not in incidents


def test_hosts_have_their_names_and_the_sites_own_come_first() -> None:
    report = _reports.full()
    table = _page_tables.hosts(report)
    assert {row[0] for row in table.rows} == {h for f in report.findings for h in (*f.clients, *f.servers)}
    own = [row[0] in {role.host for role in report.roles} for row in table.rows]
    assert own == sorted(own, reverse=True)
    for host, names in report.hosts.items():
        (row,) = [row for row in table.rows if row[0] == host]
        assert plain(names[0].name) in row[1]


def test_hosts_lead_to_the_command_that_shows_one(full: Report) -> None:
    page = html.render(full, View(show="zeeksmtp show 'my logs' --since=24h"))
    assert "<code>zeeksmtp host ADDRESS &#39;my logs&#39;</code>" in page


def test_contents_stages_changes_and_weeks() -> None:
    report = _reports.full()
    day = datetime(2026, 11, 2, tzinfo=UTC)
    days = tuple(Day(day=day + timedelta(days=n), sessions=10, tls_sessions=n) for n in range(10))
    servers = (report.posture.servers[0].model_copy(update={"days": days, "tls_sessions": 45}),)
    change = Change(kind="new", side="server", host="10.0.0.26", port=25, before=0, now=1234)
    stages = {f.detector: EXPLANATION.model_copy(update={"stage": "abuse"}) for f in report.findings}
    page = html.render(
        report.model_copy(
            update={
                "posture": report.posture.model_copy(update={"servers": servers}),
                "changes": ChangeTable(since=day, total=1, rows=(change,)),
                "detectors": stages,
            }
        ),
        View(),
    )
    anchors = re.findall(r'<li><a href="#([a-z]+)">', page.split("<nav", 1)[1].split("</nav>", 1)[0])
    assert {"hosts", "changes", "encryption"} <= set(anchors)
    assert [anchor for anchor in anchors if f'<h2 id="{anchor}">' not in page] == []
    assert "10.0.0.26 port 25" in page
    assert "1,234" in page
    assert "Percent of sessions with TLS: 30% in the week of 2026-11-02, 80% in the week of 2026-11-09." in page
