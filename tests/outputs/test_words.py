"""A zero is never printed without what could be seen."""

from dataclasses import replace

import pytest

from zeeksmtp.model import Report
from zeeksmtp.outputs import _sentences, _sums, _words, markdown, terminal


def with_logs(report: Report, **logs: bool) -> Report:
    """Give `report` as if these logs, and no others, were there or missing."""
    return report.model_copy(update={"coverage": report.coverage.model_copy(update={"logs": logs})})


@pytest.mark.parametrize(
    ("logs", "said"),
    [
        ({"smtp_auth": True}, "None: no credential that must be changed was seen in clear."),
        ({"smtp_auth": False}, "Not visible: smtp_auth.log is not there."),
        (
            {"smtp_auth": False, "smtp_session": True},
            "None seen: smtp_auth.log is not there, though smtp_session.log is.",
        ),
    ],
)
def test_no_password_to_change(empty: Report, logs: dict[str, bool], said: str) -> None:
    assert _sentences.no_passwords(with_logs(empty, **logs)).startswith(said)


@pytest.mark.parametrize(
    ("logs", "said"),
    [
        ({"smtp": True}, "10 SMTP sessions, 4 with TLS (40%)."),
        ({"conn": True}, "10 SMTP sessions; TLS is not visible: smtp.log, smtp_session.log and ssl.log are not there."),
    ],
)
def test_encryption(full: Report, logs: dict[str, bool], said: str) -> None:
    assert _sentences.encryption(with_logs(full, **logs)) == said


def test_no_session_names_the_logs(empty: Report) -> None:
    assert _sentences.encryption(with_logs(empty, conn=True, smtp=False)) == (
        "No SMTP session was seen (read conn.log; not there: smtp.log)."
    )


def test_volumes(empty: Report) -> None:
    assert _sentences.no_volumes(with_logs(empty, smtp=True)) == "No mail was seen in smtp.log."
    assert _sentences.no_volumes(with_logs(empty, smtp=False)) == "Not visible: smtp.log is not there."


def test_versions_that_cannot_be_seen_are_not_passed_over(full: Report) -> None:
    silent = tuple(replace(server, tls_versions={}) for server in full.posture.servers)
    report = full.model_copy(update={"posture": full.posture.model_copy(update={"servers": silent})})
    assert _sentences.encryption(with_logs(report, smtp=True)).endswith("not visible, ssl.log is not there.")


def test_the_share_of_tls_needs_logs_that_show_it_and_two_days(full: Report) -> None:
    assert _sentences.tls(with_logs(full, conn=True), 10) == []
    assert _sentences.tls(full, 10) == [
        "10.0.0.25 port 587: sessions by TLS version: TLSv12 3, TLSv13 1; "
        "with TLS: 14% of 7 on 2026-11-23, 100% of 3 on 2026-11-24"
    ]
    server = full.posture.servers[0]
    young = full.posture.model_copy(update={"servers": (replace(server, days=server.days[:1]),)})
    assert "on 2026" not in _sentences.tls(full.model_copy(update={"posture": young}), 10)[0]


@pytest.mark.parametrize(
    ("logs", "said"),
    [
        ({"smtp": True}, ["No mail with content was seen in smtp.log."]),
        ({"smtp": False}, ["Not visible: smtp.log is not there."]),
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
            "No mail ended with a refusal; others are not visible: smtp_cmd.log is not there.",
            "Refusals are those in the last replies to mails; others are not visible: smtp_cmd.log is not there.",
        ),
        ({"conn": True}, "Refusals are not visible: smtp_cmd.log and smtp.log are not there.", None),
    ],
)
def test_refusals_say_what_they_rest_on(
    empty: Report, full: Report, logs: dict[str, bool], none: str, some: str | None
) -> None:
    assert _sums.refused(with_logs(empty, **logs)) == none
    assert some is None or _sums.refused(with_logs(full, **logs)) == some


def test_a_remedy_is_told_once(full: Report) -> None:
    for form in (terminal, markdown):
        assert form.OUTPUT.render(full, None).count("confAUTH_OPTIONS") == 1


def test_what_to_do_first_is_what_the_worst_finding_of_the_worst_incident_asks(full: Report) -> None:
    assert (_sentences.first_step(full) or "").startswith(
        "10.0.1.5 → 198.51.100.25, account alice@corp.example: Change"
    )
    alone = full.model_copy(update={"incidents": (), "findings": full.findings[2:3]})
    assert (_sentences.first_step(alone) or "").endswith("Turn VRFY and EXPN off.")


def test_a_finding_about_nobody_is_about_the_site(full: Report) -> None:
    nobody = replace(full.findings[0], clients=(), servers=(), accounts=())
    assert _words.who(nobody) == "the whole site"


def test_servers_that_give_something_away_come_first(full: Report) -> None:
    bad = full.posture.servers[0]
    good = replace(bad, server="10.0.0.1", sessions=99, auth_offered_in_clear=False)
    posture = full.posture.model_copy(update={"servers": (good, bad)})
    rows = _sentences.servers(full.model_copy(update={"posture": posture}))
    assert [row[0] for row in rows] == [bad.server, good.server]


def test_no_name_is_too_long_to_show(full: Report) -> None:
    endless = replace(full.findings[0], title="t" * 9000, summary="s" * 9000, accounts=("a" * 9000,))
    report = full.model_copy(update={"findings": (endless,), "incidents": ()})
    for form in (terminal, markdown):
        text = form.OUTPUT.render(report, None)
        assert len(text) < 6000
        assert "t" * (_words.TITLE_LIMIT - 1) + "…" in text.replace("\n", "")


def test_what_is_new_comes_first_where_something_was_known(full: Report) -> None:
    old = [replace(finding, state="quiet") for finding in full.findings]
    new = replace(old[2], state="new")
    both = full.model_copy(update={"findings": (*old[:2], new, *old[3:]), "incidents": ()})
    for output in (terminal, markdown):
        text = output.OUTPUT.render(both, None)
        assert text.index("New findings") < text.index(new.action) < text.index("Findings known before")
        assert "New findings" not in output.OUTPUT.render(full.model_copy(update={"findings": tuple(old)}), None)
