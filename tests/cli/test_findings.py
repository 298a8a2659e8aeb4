"""`zeeksmtp findings`: the list, one of them whole, and what the operator says about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.conftest import CAPTURES
from tests.findings import NOON, plain
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Severity
from zeeksmtp.state.findings import RememberedFinding, save_findings
from zeeksmtp.state.store import open_store


@pytest.fixture
def remembered(zeeksmtp: Run, tmp_path: Path) -> list[dict[str, Any]]:
    """Run a pass and return what is remembered of it."""
    logs = CAPTURES / "auth_plain_initial" / "tsv"
    (tmp_path / "zeeksmtp.toml").write_text(f'log_dir = "{logs}"\nstate_dir = "state"\nsettle_seconds = 0\n')
    assert zeeksmtp("cron", "--format", "json").code == ExitCode.OK
    return listed(zeeksmtp)


def listed(zeeksmtp: Run, *words: object) -> list[dict[str, Any]]:
    findings: list[dict[str, Any]] = json.loads(zeeksmtp("findings", "list", "--format", "json", *words).out)
    return findings


def test_the_list_is_in_words_and_in_json(zeeksmtp: Run, remembered: list[dict[str, Any]]) -> None:
    lines = zeeksmtp("findings", "list").out.splitlines()
    assert len(lines) == len(remembered) > 5
    assert lines[0].split()[:2] == ["new", "high"] and remembered[0]["id"] in lines[0]
    first = remembered[0]
    assert (first["state"], first["first_pass"], first["acknowledged"], first["suppressed"]) == ("new", 1, None, None)


def many(folder: Path, count: int) -> None:
    """Write a state with so many findings, one a minute, of all severities."""
    (folder / "zeeksmtp.toml").write_text('log_dir = "logs"\nstate_dir = "state"\n')
    (folder / "state").mkdir(exist_ok=True)
    each = [
        plain(
            id=f"{n:016x}",
            severity=tuple(Severity)[n % 5],
            last=NOON.replace(minute=n % 60),
            state="new",
            title="\x1b[2J",
        )
        for n in range(count)
    ]
    with open_store(folder / "state" / "state.sqlite") as store, store.transaction() as connection:
        save_findings(connection, [RememberedFinding(f, 1, 1, 1, f.severity) for f in each], 1)


@pytest.mark.parametrize(("height", "rows"), [(None, 22), ("50", 48)])
def test_a_list_is_one_screen_worst_and_newest_first(
    height: str | None, rows: int, zeeksmtp: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(tmp_path, 100)
    if height:
        monkeypatch.setenv("LINES", height)
    *lines, last = zeeksmtp("findings", "list").out.splitlines()
    assert len(lines) == rows and last == f"{100 - rows} more findings: --all lists them"
    assert len(zeeksmtp("findings", "list", "--all").out.splitlines()) == 100
    found = listed(zeeksmtp)
    order = [(-Severity(finding["severity"]).rank, -int(finding["last"][14:16])) for finding in found]
    assert len(found) == 100 and order == sorted(order)
    assert "\x1b" not in "".join(lines)


def test_a_list_that_fits_is_whole(zeeksmtp: Run, tmp_path: Path) -> None:
    many(tmp_path, 23)
    assert len(zeeksmtp("findings", "list").out.splitlines()) == 23


@pytest.mark.parametrize(
    ("words", "matches"),
    [
        (("--min-severity", "medium"), lambda f: f["severity"] in {"medium", "high", "critical"}),
        (("--detector", "auth-offered-in-clear"), lambda f: f["detector"] == "auth-offered-in-clear"),
        (("--client", "10.20.1.12"), lambda f: "10.20.1.12" in f["clients"]),
        (("--server", "10.20.0.0/16"), lambda f: bool(f["servers"])),
        (("--account", "ALICE"), lambda f: "alice" in f["accounts"]),
        (("--state", "quiet"), lambda f: f["state"] == "quiet"),
        (("--until", "2026-11-23"), lambda f: f["first"] < "2026-11-23"),
        (("--since", "2026-11-23", "--client", "10.20.1.11"), lambda f: "10.20.1.11" in f["clients"]),
    ],
)
def test_filters(words: tuple[str, ...], matches: Any, zeeksmtp: Run, remembered: list[dict[str, Any]]) -> None:
    chosen = [finding["id"] for finding in listed(zeeksmtp, *words)]
    assert chosen == [finding["id"] for finding in remembered if matches(finding)]
    assert len(chosen) < len(remembered) or words[0] == "--server"


def test_one_is_shown_whole(zeeksmtp: Run, remembered: list[dict[str, Any]]) -> None:
    id_ = str(remembered[0]["id"])
    page = zeeksmtp("findings", "show", id_[:8]).out
    assert page == zeeksmtp("show", id_).out and id_ in page
    assert json.loads(zeeksmtp("findings", "show", id_, "--format", "json").out) == remembered[0]


def test_acknowledge_withdraw_and_suppress(zeeksmtp: Run, remembered: list[dict[str, Any]]) -> None:
    one, two, three = (str(finding["id"]) for finding in remembered[:3])
    done = zeeksmtp("findings", "ack", one, two, "--reason", "changed").out
    assert done.splitlines()[-1] == "2 findings acknowledged" and one in done and two in done
    done = zeeksmtp("findings", "suppress", three, "--reason", "test", "--expires", "2099-01-01").out
    assert done.splitlines()[-1] == "1 finding suppressed until 2099-01-01"
    found = {finding["id"]: finding for finding in listed(zeeksmtp)}
    assert found[one]["state"] == "acknowledged" and found[one]["acknowledged"]["reason"] == "changed"
    assert found[three]["suppressed"] == {"reason": "test", "expires": "2099-01-01"}
    assert "acknowledged" in zeeksmtp("findings", "show", two).out
    assert "suppressed until 2099-01-01: test" in zeeksmtp("findings", "show", three).out
    assert zeeksmtp("cron", "--quiet", "--format", "json").code == ExitCode.OK
    assert {f["id"] for f in listed(zeeksmtp, "--state", "acknowledged")} == {one, two}
    done = zeeksmtp("findings", "unack", one, three).out
    assert done.splitlines() == [
        f"no longer acknowledged: {one}  {found[one]['title']}",
        "1 finding no longer acknowledged",
    ]
    assert {f["id"] for f in listed(zeeksmtp, "--state", "acknowledged")} == {two}


def test_filters_choose_what_is_acknowledged(zeeksmtp: Run, remembered: list[dict[str, Any]]) -> None:
    wanted = {f["id"] for f in remembered if "10.20.1.11" in f["clients"]}
    done = zeeksmtp("findings", "ack", "--client", "10.20.1.11", "--reason", "printer").out.splitlines()
    assert done[-1] == f"{len(wanted)} findings acknowledged" and 1 < len(wanted) < len(remembered)
    assert {f["id"] for f in listed(zeeksmtp, "--state", "acknowledged")} == wanted
    assert zeeksmtp("findings", "unack", "--state", "acknowledged").out.splitlines()[-1].startswith(f"{len(wanted)} ")
    assert listed(zeeksmtp, "--state", "acknowledged") == []
    assert zeeksmtp("findings", "ack", "--client", "192.0.2.1", "--reason", "x").out == "0 findings acknowledged\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "ffff"), "no finding has the id 'ffff'"),
        (("ack", "", "--reason", "x"), "no finding has the id ''"),
        (("ack", "0", "--reason", " "), "--reason is empty"),
        (("ack", "--reason", "x"), "name ids, or choose with a filter"),
        (("unack",), "name ids, or choose with a filter"),
        (("suppress", "--reason", "x"), "name ids, or choose with a filter"),
        (("ack", "--client", "10.20.1", "--reason", "x"), "--client: '10.20.1' does not appear"),
        (("suppress", "0", "--reason", "x", "--expires", "tomorrow"), "is no day; write 2027-03-01"),
        (("suppress", "0", "--reason", "x", "--expires", "2020-01-01"), "is not in the future"),
        (("ack", "0"), "Missing option '--reason'"),
        (("list", "--since", "soon"), "--since 'soon'"),
    ],
)
def test_refusals(words: tuple[str, ...], message: str, zeeksmtp: Run, remembered: list[dict[str, Any]]) -> None:
    ended = zeeksmtp("findings", *words)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "") and message in ended.err
    assert listed(zeeksmtp) == remembered


@pytest.mark.parametrize("command", ["findings", "incidents"])
def test_without_a_pass_there_is_nothing(command: str, zeeksmtp: Run, tmp_path: Path) -> None:
    (tmp_path / "zeeksmtp.toml").write_text('state_dir = "state"\n')
    ended = zeeksmtp(command, "list")
    assert ended.code == ExitCode.UNUSABLE and "run `zeeksmtp cron` first" in ended.err
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("command", ["findings", "incidents"])
def test_a_damaged_state_is_an_error(command: str, zeeksmtp: Run, tmp_path: Path) -> None:
    (tmp_path / "zeeksmtp.toml").write_text('state_dir = "state"\n')
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.sqlite").write_bytes(b"no database" * 100)
    ended = zeeksmtp(command, "list")
    assert ended.code == ExitCode.UNUSABLE and "is damaged" in ended.err and len(ended.err.splitlines()) == 1
