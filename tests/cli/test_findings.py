"""`zeeksmtp findings`: the list, one of them whole, and what the operator says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import CAPTURES
from zeeksmtp.errors import ExitCode


@pytest.fixture
def remembered(zeeksmtp: Run, tmp_path: Path) -> list[dict[str, object]]:
    """Make a pass and give what is remembered of it."""
    logs = CAPTURES / "auth_plain_initial" / "tsv"
    (tmp_path / "zeeksmtp.toml").write_text(f'log_dir = "{logs}"\nstate_dir = "state"\nsettle_seconds = 0\n')
    assert zeeksmtp("cron").code == ExitCode.OK
    listed: list[dict[str, object]] = json.loads(zeeksmtp("findings", "list", "--format", "json").out)
    return listed


def test_the_list_is_in_words_and_in_json(zeeksmtp: Run, remembered: list[dict[str, object]]) -> None:
    lines = zeeksmtp("findings", "list").out.splitlines()
    assert len(lines) == len(remembered) > 5
    assert lines[0].split()[:3] == ["new", "high", "1"]
    first = remembered[0]
    assert (first["state"], first["first_pass"], first["acknowledged"], first["suppressed"]) == ("new", 1, None, None)


def test_one_is_shown_whole(zeeksmtp: Run, remembered: list[dict[str, object]]) -> None:
    id_ = str(remembered[0]["id"])
    told = zeeksmtp("findings", "show", id_[:8]).out
    assert str(remembered[0]["summary"]) in told and str(remembered[0]["action"]) in told
    assert json.loads(zeeksmtp("findings", "show", id_, "--format", "json").out) == remembered[0]


def test_acknowledge_and_suppress(zeeksmtp: Run, remembered: list[dict[str, object]]) -> None:
    one, two, three = (str(finding["id"]) for finding in remembered[:3])
    assert zeeksmtp("findings", "ack", one, two, "--reason", "changed").out.count("acknowledged") == 2
    assert zeeksmtp("findings", "suppress", three, "--reason", "test", "--expires", "2099-01-01").code == ExitCode.OK
    listed = {f["id"]: f for f in json.loads(zeeksmtp("findings", "list", "--format", "json").out)}
    assert listed[one]["state"] == "acknowledged" and listed[one]["acknowledged"]["reason"] == "changed"
    assert listed[three]["suppressed"] == {"reason": "test", "expires": "2099-01-01"}
    assert "acknowledged" in zeeksmtp("findings", "show", two).out
    assert "suppressed until 2099-01-01: test" in zeeksmtp("findings", "show", three).out
    assert zeeksmtp("cron", "--quiet").code == ExitCode.OK
    assert {f["state"] for f in json.loads(zeeksmtp("findings", "list", "--format", "json").out)[:2]} == {
        "acknowledged"
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "ffff"), "no finding has 'ffff' as its id"),
        (("ack", "", "--reason", "x"), "no finding has ''"),
        (("ack", "0", "--reason", " "), "--reason is empty"),
        (("suppress", "0", "--reason", "x", "--expires", "tomorrow"), "is no day; write 2027-03-01"),
        (("suppress", "0", "--reason", "x", "--expires", "2020-01-01"), "is not ahead"),
        (("ack", "0"), "Missing option '--reason'"),
    ],
)
def test_refusals(words: tuple[str, ...], said: str, zeeksmtp: Run, remembered: list[dict[str, object]]) -> None:
    ended = zeeksmtp("findings", *words)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "") and said in ended.err


def test_without_a_pass_there_is_nothing(zeeksmtp: Run, tmp_path: Path) -> None:
    (tmp_path / "zeeksmtp.toml").write_text('state_dir = "state"\n')
    ended = zeeksmtp("findings", "list")
    assert ended.code == ExitCode.UNUSABLE and "run `zeeksmtp cron` first" in ended.err
    assert not (tmp_path / "state").exists()


def test_a_damaged_state_is_said(zeeksmtp: Run, tmp_path: Path) -> None:
    (tmp_path / "zeeksmtp.toml").write_text('state_dir = "state"\n')
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.sqlite").write_bytes(b"no database" * 100)
    ended = zeeksmtp("findings", "list")
    assert ended.code == ExitCode.UNUSABLE and "is damaged" in ended.err and len(ended.err.splitlines()) == 1
