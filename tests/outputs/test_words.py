"""A zero is never printed without what could be seen."""

from datetime import datetime
from typing import Any

import pytest

from tests.outputs._reports import at
from zeeksmtp.model import Report, View
from zeeksmtp.outputs import _sums, markdown, terminal
from zeeksmtp.rendering import phrases, sentences
from zeeksmtp.rendering.incident_text import next_step
from zeeksmtp.report.entries import FILTER_NOTE


def with_logs(report: Report, **logs: bool) -> Report:
    """Return `report` as if these logs, and no others, were there or missing."""
    return report.model_copy(update={"coverage": report.coverage.model_copy(update={"logs": logs})})


@pytest.mark.parametrize(
    ("logs", "said"),
    [
        ({"smtp_auth": True}, "None: no password was seen in clear."),
        ({"smtp_auth": False}, "Not visible: smtp_auth.log not found."),
        (
            {"smtp_auth": False, "smtp_session": True},
            "None seen: smtp_auth.log not found, although smtp_session.log is there.",
        ),
    ],
)
def test_no_password_to_change(empty: Report, logs: dict[str, bool], said: str) -> None:
    assert sentences.no_passwords(with_logs(empty, **logs)).startswith(said)


@pytest.mark.parametrize(
    ("logs", "said"),
    [
        ({"smtp": True}, "10 SMTP sessions, 4 with TLS (40%)."),
        ({"conn": True}, "10 SMTP sessions; TLS is not visible: smtp.log, smtp_session.log and ssl.log not found."),
    ],
)
def test_encryption(full: Report, logs: dict[str, bool], said: str) -> None:
    assert sentences.encryption(with_logs(full, **logs)) == said


def test_no_session_names_the_logs(empty: Report) -> None:
    assert sentences.encryption(with_logs(empty, conn=True, smtp=False)) == (
        "No SMTP session was seen (read conn.log; not found: smtp.log)."
    )


def test_volumes(empty: Report) -> None:
    assert sentences.no_volumes(with_logs(empty, smtp=True)) == "No mail was seen in smtp.log."
    assert sentences.no_volumes(with_logs(empty, smtp=False)) == "Not visible: smtp.log not found."


def test_versions_that_cannot_be_seen_are_not_passed_over(full: Report) -> None:
    silent = tuple(server.model_copy(update={"tls_versions": {}}) for server in full.posture.servers)
    report = full.model_copy(update={"posture": full.posture.model_copy(update={"servers": silent})})
    assert sentences.encryption(with_logs(report, smtp=True)).endswith("not visible, ssl.log not found.")


def test_the_share_of_tls_needs_logs_that_show_it_and_two_days(full: Report) -> None:
    assert sentences.tls(with_logs(full, conn=True), 10) == []
    assert sentences.tls(full, 10) == [
        "10.0.0.25 port 587: sessions by TLS version: TLSv12 3, TLSv13 1; weak TLS: 2 handshakes; "
        "certificate of mail.corp.example, *.corp.example until 2026-11-29; "
        "with TLS: 14% of 7 on 2026-11-23, 100% of 3 on 2026-11-24"
    ]
    server = full.posture.servers[0]
    young = full.posture.model_copy(update={"servers": (server.model_copy(update={"days": server.days[:1]}),)})
    assert "on 2026" not in sentences.tls(full.model_copy(update={"posture": young}), 10)[0]


@pytest.mark.parametrize(
    ("logs", "said"),
    [
        ({"smtp": True}, ["No mail with content was seen in smtp.log."]),
        ({"smtp": False}, ["Not visible: smtp.log not found."]),
    ],
)
def test_no_message(empty: Report, logs: dict[str, bool], said: list[str]) -> None:
    assert _sums.messages(with_logs(empty, **logs)) == said


@pytest.mark.parametrize(
    ("logs", "none", "some"),
    [
        ({"smtp_cmd": True}, "No MAIL, RCPT, DATA or BDAT was refused in smtp_cmd.log.", None),
        (
            {"smtp": True},
            "No mail ended with a refusal; others are not visible: smtp_cmd.log not found.",
            "Refusals are those in the last replies to mails; others are not visible: smtp_cmd.log not found.",
        ),
        ({"conn": True}, "Refusals are not visible: smtp_cmd.log and smtp.log not found.", None),
    ],
)
def test_refusals_say_what_they_rest_on(
    empty: Report, full: Report, logs: dict[str, bool], none: str, some: str | None
) -> None:
    assert _sums.refused(with_logs(empty, **logs)) == none
    assert some is None or _sums.refused(with_logs(full, **logs)) == some


def test_a_remedy_is_shown_once(full: Report) -> None:
    for form in (terminal, markdown):
        assert form.OUTPUT.render(full, View(full=True)).count("confAUTH_OPTIONS") == 1


def test_the_next_step_is_the_sites_own_where_it_has_one(full: Report) -> None:
    incident = full.incidents[0]
    assert next_step(incident).startswith("Change the password of alice@corp.example.")
    outside = incident.model_copy(update={"actions": incident.actions[2:]})
    assert next_step(outside).startswith("Tell the operator of 198.51.100.25")
    assert next_step(incident.model_copy(update={"actions": ()})) == ""
    assert next_step(full.findings[2]) == "Turn VRFY and EXPN off."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "1 incident: 1 critical; 4 other findings."),
        ({"findings": ()}, "1 incident: 1 critical."),
        ({"incidents": ()}, "No incidents; 6 findings: 2 critical, 1 high, 1 medium, 1 low, 1 info."),
        ({"incidents": (), "findings": ()}, "No findings in what these logs show."),
    ],
)
def test_the_verdict_counts_incidents_by_severity_and_the_findings_in_none(
    full: Report, changes: dict[str, Any], said: str
) -> None:
    assert sentences.verdict(full.model_copy(update=changes)) == said


def test_a_window_without_rows_is_no_all_clear(full: Report, empty: Report) -> None:
    outside = full.model_copy(update={"findings": (), "incidents": (), "window": None})
    assert sentences.verdict(outside) == (
        "No rows lie between --since and --until; the logs cover 2026-11-23 06:00:00 to 2026-11-24 07:00:00 UTC."
    )
    assert sentences.verdict(empty) == "No SMTP traffic in these logs."


def test_no_finding_for_the_filters_is_no_all_clear(full: Report) -> None:
    notes = (f"{FILTER_NOTE} 7 of 7 findings",)
    coverage = full.coverage.model_copy(update={"notes": notes})
    none = full.model_copy(update={"findings": (), "incidents": (), "credentials_to_change": (), "coverage": coverage})
    assert sentences.verdict(none) == "No findings match the filters."
    assert sentences.passwords(none, 5) == "none that match the filters"


def test_passwords_are_bounded_and_say_so(full: Report, empty: Report) -> None:
    assert sentences.passwords(full, 1) == "alice@corp.example at 198.51.100.25; 1 more"
    assert sentences.passwords(full, 5) == 'alice@corp.example at 198.51.100.25; "" at 198.51.100.25'
    assert sentences.passwords(with_logs(empty, smtp_auth=True), 5) == "none seen"
    assert sentences.passwords(empty, 5) == "none seen, but smtp_auth.log not found"


def test_a_finding_about_nobody_is_about_the_site(full: Report) -> None:
    nobody = full.findings[0].model_copy(update={"clients": (), "servers": (), "accounts": ()})
    assert phrases.who(nobody) == "the whole site"


def test_servers_that_give_something_away_come_first(full: Report) -> None:
    bad = full.posture.servers[0]
    good = bad.model_copy(update={"server": "10.0.0.1", "sessions": 99, "auth_offered_in_clear": False})
    posture = full.posture.model_copy(update={"servers": (good, bad)})
    rows = sentences.servers(full.model_copy(update={"posture": posture}))
    assert [row[0] for row in rows] == [bad.server, good.server]


def test_no_name_is_too_long_to_show(full: Report) -> None:
    endless = full.findings[0].model_copy(
        update={"title": "t" * 9000, "summary": "s" * 9000, "accounts": ("a" * 9000,)}
    )
    report = full.model_copy(update={"findings": (endless,), "incidents": ()})
    for form in (terminal, markdown):
        text = form.OUTPUT.render(report, View(full=True))
        assert len(text) < 7000
        assert "t" * (phrases.TITLE_LIMIT - 1) + "…" in text.replace("\n", "")


@pytest.mark.parametrize(
    ("last", "with_day", "said"),
    [
        (at(0.5), False, "06:00"),
        (at(90), False, "06:00 to 07:30"),
        (at(90), True, "Nov 23 06:00 to 07:30"),
        (at(1500), True, "Nov 23 06:00 to Nov 24 07:00"),
    ],
)
def test_a_brief_span_says_a_day_once(last: datetime, with_day: bool, said: str) -> None:
    assert phrases.brief_span(at(0), last, with_day=with_day) == said


def test_inferred_findings_say_so(full: Report) -> None:
    assert "confidence low; inferred from conn.log, smtp.log" in phrases.small_print(full.findings[6])
