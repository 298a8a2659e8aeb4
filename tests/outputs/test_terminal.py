"""The terminal report, looked at whole: the first screen and all of it, with and without colour, narrow and wide."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from tests.outputs._hostile import MARKUP, REFERENCES, hostile
from tests.outputs._reports import holding
from zeeksmtp.model import Report, Severity, View
from zeeksmtp.outputs import _screen, terminal
from zeeksmtp.report.entries import Entry, entries

CODES = re.compile(r"\x1b\[[0-9;]*m")
FULL = View(full=True)


@pytest.fixture(autouse=True)
def capable_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")


def crowd(report: Report, number: int) -> Report:
    """Return a report with so many incidents, and as many other findings of each severity."""
    incidents = [report.incidents[0].model_copy(update={"id": f"{n:016x}"}) for n in range(number)]
    own = report.incidents[0].findings
    findings = [f.model_copy(update={"symptom_of": None}) for f in report.findings if f.id not in own]
    return report.model_copy(update={"incidents": tuple(incidents), "findings": tuple(findings * number)})


def shown(report: Report, view: View) -> list[str]:
    """Return the lines without colour."""
    return CODES.sub("", terminal.OUTPUT.render(report, view)).splitlines()


def test_the_first_screen(full: Report, snapshot: SnapshotAssertion) -> None:
    assert terminal.OUTPUT.render(full, View()) == snapshot


def test_everything_as_plain_text(full: Report, snapshot: SnapshotAssertion) -> None:
    assert terminal.OUTPUT.render(full, FULL) == snapshot


@pytest.mark.parametrize("view", [View(), FULL], ids=["screen", "full"])
def test_nothing_says_what_could_not_be_seen(empty: Report, view: View, snapshot: SnapshotAssertion) -> None:
    assert terminal.OUTPUT.render(empty, view) == snapshot


def test_problems_come_first(full: Report) -> None:
    titles = ("Incidents", "Other findings", "Passwords to change", "Posture", "Visibility", "Data")
    assert [line for line in shown(full, FULL) if line in titles] == list(titles)


@pytest.mark.parametrize(("number", "most"), [(0, 10), (1, 20), (3, 24), (20, 42), (400, 42)])
@pytest.mark.parametrize("width", [80, 100])
def test_the_first_screen_is_one_screen(full: Report, number: int, most: int, width: int) -> None:
    lines = shown(crowd(full, number), View(width))
    assert len(lines) <= most
    assert lines[-1].startswith("next: zeeksmtp show 1" if number else "Limits")


def test_every_incident_has_its_title_and_its_next_step(full: Report) -> None:
    lines = shown(crowd(full, 3), View())
    assert [line[:12] for line in lines if "Cleartext password" in line] == [f" {n} critical " for n in (1, 2, 3)]
    assert sum("Next: Change the password of alice@corp.example" in line for line in lines) == 3


def test_what_has_no_line_is_counted(full: Report) -> None:
    text = "\n".join(shown(crowd(full, 27), View()))
    assert "--full lists 7 more incidents" in text
    critical = 27 - _screen.MAX_FINDINGS
    assert f"--full lists {critical + 108} more findings: {critical} critical, 27 medium, 54 low, 27 info" in text


def test_findings_are_listed_if_nothing_is_grave(full: Report) -> None:
    minor = tuple(f for f in full.findings if f.severity.rank < Severity.MEDIUM.rank and f.symptom_of is None)
    lines = shown(full.model_copy(update={"incidents": (), "findings": minor}), View())
    assert [line for line in lines if line.startswith((" 1", " 2"))] == [
        " 1 low      Mail without TLS",
        " 2 info     Lone VRFY",
    ]


def test_the_title_need_not_name_who_acted(full: Report) -> None:
    changes = {"title": "Cleartext authentication at 3 servers: 9 accounts", "outcome": "", "accounts": ()}
    incident = full.incidents[0].model_copy(update=changes | {"servers": ("10.0.0.1", "10.0.0.2", "10.0.0.3")})
    text = "\n".join(shown(full.model_copy(update={"incidents": (incident,)}), View()))
    assert "07:00. 10.0.1.5, 203.0.113.9 → 10.0.0.1, 10.0.0.2 and 1 more. Next: " in " ".join(text.split())
    named = incident.model_copy(update={"title": "Outbound spam from 10.0.1.5"})
    assert "→" not in "\n".join(shown(full.model_copy(update={"incidents": (named,)}), View()))


def test_the_next_step_is_there_however_much_there_is_to_say(full: Report) -> None:
    incident = full.incidents[0].model_copy(update={"title": "A title", "outcome": "word " * 100})
    for number in (1, 6):
        report = full.model_copy(update={"incidents": (incident,) * number})
        assert sum("Next: Change the password of" in line for line in shown(report, View(80))) == number


def test_what_a_pass_found_anew_is_marked(full: Report) -> None:
    incident = full.incidents[0].model_copy(update={"state": "new", "title": "A title"})
    report = full.model_copy(update={"incidents": (incident,)})
    assert any(line.endswith("A title (new)") for line in shown(report, View()))
    assert any(line.split() == ["State", "new"] for line in shown(report, FULL))


def test_numbers_are_the_same_in_both(full: Report) -> None:
    report = crowd(full, 2)
    everything = "\n".join(shown(report, FULL))
    for number, entry in enumerate(entries(report), 1):
        assert f"{number:>2} {entry.severity:<8} {entry.title[:20]}" in everything


def test_the_command_works_when_it_is_copied(full: Report) -> None:
    view = View(
        80, show="zeeksmtp show '/var/log/my zeek' ./-x --config=/etc/a.toml --since=24h " + "--account=a " * 20
    )
    assert shown(full, view)[-1] == f"next: zeeksmtp show 1{view.show.removeprefix('zeeksmtp show')}".rstrip()
    text = CODES.sub("", terminal.render_entry(full.incidents[0], full, view))
    assert text.splitlines()[-2:] == [
        "    zeeksmtp session CzA1 '/var/log/my zeek' ./-x",
        "    zeeksmtp host 10.0.1.5 '/var/log/my zeek' ./-x",
    ]
    dashed = full.incidents[0].model_copy(update={"uids": ("-rf;", "C2")})
    assert "zeeksmtp session -- '-rf;' PATH" in terminal.render_entry(dashed, full, View())


def test_an_incident_in_full_has_everything(full: Report) -> None:
    incident = full.incidents[0]
    text = terminal.render_entry(incident, full, View())
    flat = " ".join(text.split())
    campaign = incident.campaign
    assert campaign is not None
    parts = [*campaign.sources, *campaign.networks, *campaign.targets, *incident.uids, incident.id]
    parts += ["12 starttls-declined, 1 blocklisted-sender", "User enumeration by 31 sources in 2 networks"]
    parts += [
        "2026-11-23 06:07:00 User enumeration by VRFY, with confirmed names. 412 names probed",
        "and 29 more",
        "412 trials",
        "bob, carol",
    ]
    parts += ["Whom to tell - Tell the operator of 198.51.100.25"]
    assert [part for part in parts if part not in flat] == []
    assert full.findings[6].summary not in text, "a symptom is counted, not listed"


def test_no_evidence_of_an_incident_is_cut(full: Report) -> None:
    names = tuple(f"user{n:03}" for n in range(100))
    found = full.findings[2]
    detail = found.evidence.details[0].model_copy(update={"values": names})
    big = found.model_copy(update={"evidence": found.evidence.model_copy(update={"details": (detail,)})})
    report = full.model_copy(update={"findings": (full.findings[0], big)})
    for text in (
        terminal.render_entry(full.incidents[0], report, View()),
        terminal.OUTPUT.render(report, FULL),
        terminal.render_entry(big, report, View()),
    ):
        assert [name for name in names if name not in text] == []


def test_no_finding_is_printed_twice(full: Report) -> None:
    text = "\n".join(shown(full, FULL))
    assert [text.count(part) for part in ("412 names probed", "412 trials", full.findings[2].id)] == [1, 1, 1]


@pytest.mark.parametrize("width", [60, 80, 160])
@pytest.mark.parametrize("everything", [True, False])
def test_on_a_terminal_it_keeps_to_the_width(full: Report, width: int, everything: bool) -> None:
    assert max(cell_len(line) for line in shown(full, View(width, everything))) <= width


@pytest.mark.parametrize("width", [80, 100])
def test_tables_lose_nothing_on_a_narrow_terminal(full: Report, width: int) -> None:
    row = full.posture.pairs.rows[0].model_copy(
        update={"client": "198.51.100.200", "server": "198.51.100.100", "cleartext_logins": 98765}
    )
    pairs = full.posture.pairs.model_copy(update={"rows": (row,)})
    report = full.model_copy(update={"posture": full.posture.model_copy(update={"pairs": pairs})})
    line = next(line for line in shown(report, View(width, full=True)) if "198.51.100.200 →" in line)
    assert line.endswith("98,765")


def test_colour_is_for_terminals_that_want_it(full: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in terminal.OUTPUT.render(full, View())
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[1;33m" in terminal.OUTPUT.render(full, View(80))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*(3|4|9|10)[0-7]m", terminal.OUTPUT.render(full, View(80)))
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in terminal.OUTPUT.render(full, View(80))


@pytest.mark.parametrize("everything", [True, False])
def test_only_our_own_escapes_reach_a_terminal(full: Report, everything: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR")
    for report in (full, hostile(full, MARKUP, REFERENCES)):
        texts = [terminal.OUTPUT.render(report, View(80, everything))]
        texts += [terminal.render_entry(entry, report, View(80)) for entry in entries(report)]
        assert all(CODES.sub("", text).replace("\n", "").isprintable() for text in texts)
    assert "[bold]mark[/bold]" in CODES.sub("", terminal.OUTPUT.render(full, View(80, full=True)))


@given(text=st.text(st.characters(exclude_categories=()), max_size=30))
def test_whatever_was_logged_is_printable(text: str) -> None:
    report = holding(text)
    for view in (View(), FULL):
        assert terminal.OUTPUT.render(report, view).replace("\n", "").isprintable()
    things: tuple[Entry, ...] = (*report.incidents, *report.findings)
    for entry in things:
        assert terminal.render_entry(entry, report, View()).replace("\n", "").isprintable()
