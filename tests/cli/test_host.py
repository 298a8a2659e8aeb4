"""`zeeksmtp host` and `zeeksmtp account`: what is known of a host or an account, over logs and from the state."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Run
from zeeksmtp.errors import ExitCode

OFFICE = ROOT / "fixtures" / "scenarios" / "office" / "logs"
SERVER, PRINTER, BOT = "10.20.0.25", "10.20.1.200", "10.20.1.15"


def viewed(run: Run, *words: object) -> dict[str, Any]:
    """Run a command as JSON and return the view."""
    ended = run(*words, "--format", "json")
    assert (ended.code, ended.err) == (ExitCode.OK, "")
    view: dict[str, Any] = json.loads(ended.out)
    return view


def test_a_server_with_its_clients_ports_and_findings(zeeksmtp: Run) -> None:
    view = viewed(zeeksmtp, "host", SERVER, OFFICE)
    assert {(name["name"], name["source"]) for name in view["names"]} >= {("mx.corp.example", "banner")}
    assert (view["role"]["role"], view["local"]) == ("relay", True)
    assert {row["port"] for row in view["server_posture"]} == {25, 465, 587}
    assert PRINTER in {row["host"] for row in view["accepts_from"]["rows"]}
    assert view["connects_to"]["sessions"] == view["client_posture"]["sessions"] == 8
    assert view["sessions"]["total"] == view["accepts_from"]["sessions"] + view["connects_to"]["sessions"]
    report = viewed(zeeksmtp, "report", OFFICE)
    assert view["findings"] == [f for f in report["findings"] if SERVER in f["clients"] + f["servers"]]
    assert view["incidents"] == [i for i in report["incidents"] if SERVER in i["clients"] + i["servers"]]


def test_a_client_with_what_it_sent(zeeksmtp: Run) -> None:
    view = viewed(zeeksmtp, "host", BOT, OFFICE)
    assert (view["connects_to"]["total"], view["mails"], view["accepts_from"]["total"]) == (30, 135, 0)
    assert len(view["senders"]) == len(view["recipient_domains"]) == 20


def test_an_account_in_any_form_of_its_name(zeeksmtp: Run) -> None:
    view = viewed(zeeksmtp, "account", "SCANNER@corp.example", OFFICE)
    (login,) = view["logins"]["rows"]
    assert (login["client"], login["server"], login["accepted"], login["refused"]) == (PRINTER, SERVER, 3, 0)
    assert (view["mails"], view["credentials_to_change"][0]["account"]) == (3, "scanner")
    same = viewed(zeeksmtp, "account", "CORP\\scanner", OFFICE)
    assert {**same, "name": ""} == {**view, "name": ""}


def test_the_text_ends_with_commands_that_work(zeeksmtp: Run) -> None:
    text = zeeksmtp("host", PRINTER, OFFICE).out
    commands = [line.removeprefix("next: zeeksmtp ").split() for line in text.splitlines() if line.startswith("next: ")]
    assert [command[0] for command in commands] == ["show", "session", "explain-host"]
    assert [zeeksmtp(*command).code for command in commands] == [ExitCode.OK] * 3
    assert "Cleartext password" in text


def test_what_nobody_knows_ends_with_3(zeeksmtp: Run) -> None:
    for words in (("host", "192.0.2.99"), ("account", "nobody"), ("explain-host", "192.0.2.99")):
        ended = zeeksmtp(*words, OFFICE)
        assert (ended.code, ended.out) == (ExitCode.NO_INPUT, "")
        assert words[1] in ended.err
    assert zeeksmtp("host", "mx.corp.example", OFFICE).code == ExitCode.USAGE


def test_without_logs_the_state_answers(zeeksmtp: Run, tmp_path: Path) -> None:
    config = tmp_path / "zeeksmtp.toml"
    config.write_text(f'log_dir = "{OFFICE}"\nstate_dir = "{tmp_path}/state"\nsettle_seconds = 0\n')
    assert zeeksmtp("cron", "--quiet").code == ExitCode.OK
    over_logs = viewed(zeeksmtp, "host", PRINTER, OFFICE)
    remembered = viewed(zeeksmtp, "host", PRINTER)
    ids = [{f["id"] for f in view["findings"]} for view in (remembered, over_logs)]
    assert ids[0] == ids[1] != set()
    assert f" {OFFICE}\n" in zeeksmtp("account", "scanner").out


def test_minor_findings_that_a_report_only_counts_are_shown(zeeksmtp: Run, tmp_path: Path) -> None:
    config = tmp_path / "few.toml"
    config.write_text("max_minor_findings = 0\n")
    every = {finding["id"] for finding in viewed(zeeksmtp, "host", SERVER, OFFICE)["findings"]}
    counted = {finding["id"] for finding in viewed(zeeksmtp, "report", OFFICE, "--config", config)["findings"]}
    assert every - counted
    assert {f["id"] for f in viewed(zeeksmtp, "host", SERVER, OFFICE, "--config", config)["findings"]} == every


@pytest.mark.parametrize("command", ["host", "account"])
def test_logged_text_is_escaped(zeeksmtp: Run, tmp_path: Path, command: str) -> None:
    row = {"ts": 1700000000.0, "uid": "C1", "id.orig_h": "10.0.0.1", "id.orig_p": 5, "id.resp_h": "10.0.0.2"}
    row |= {"id.resp_p": 25, "trans_depth": 1, "helo": "\x1b[2J\u202eevil", "mailfrom": "a\x1b[31m@x.example"}
    row |= {"rcptto": ["b\u202e@y.example"], "last_reply": "250 ok"}
    (tmp_path / "smtp.log").write_text(json.dumps(row) + "\n")
    name = "10.0.0.1" if command == "host" else "a\\x1b[31m@x.example"
    text = zeeksmtp(command, name, tmp_path / "smtp.log").out
    assert "x.example" in text
    assert not {"\x1b", "\u202e"} & set(text)
