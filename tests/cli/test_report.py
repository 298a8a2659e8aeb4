"""`zeeksmtp report` on recorded traffic: every form, where it goes, and what the exit code says."""

import errno
import json
import os
import pty
import re
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.cli.conftest import ROOT, Run
from zeeksmtp.cli import _finish, _request
from zeeksmtp.errors import ExitCode, UnusableError


def parsed(text: str) -> dict[str, Any]:
    """Read a report and leave out what differs between runs."""
    report: dict[str, Any] = json.loads(text)
    return {key: value for key, value in report.items() if key != "run"}


def test_every_form_names_the_leaked_account(zeeksmtp: Run, leak: Path) -> None:
    for form in ("terminal", "html", "markdown", "json"):
        ended = zeeksmtp("report", leak, "--format", form)
        assert (ended.code, ended.err) == (ExitCode.OK, "")
        assert "alice" in ended.out
        assert "\x1b" not in ended.out


def test_the_same_input_gives_the_same_bytes_save_the_run_block(zeeksmtp: Run, leak: Path) -> None:
    texts = [
        re.sub(r'"run": \{.*?\}', "", zeeksmtp("report", leak, "--format", "json").out, flags=re.DOTALL) for _ in "ab"
    ]
    assert texts[0] == texts[1]
    assert zeeksmtp("report", leak).out == zeeksmtp("report", leak).out


def test_output_file_is_private_and_whole(zeeksmtp: Run, leak: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    target.chmod(0o644)
    ended = zeeksmtp("report", leak, "--format", "json", "-o", target)
    assert ended == (ExitCode.OK, "", "")
    assert parsed(target.read_text("utf-8")) == parsed(zeeksmtp("report", leak, "--format", "json").out)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = tmp_path / "report.json"
    target.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnusableError, match="No space left on device; choose another place or make room"):
        _finish.write(target, ["n", "ew"])
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_output_through_a_link_or_into_a_pipe(tmp_path: Path) -> None:
    link, real, pipe = tmp_path / "link", tmp_path / "real", tmp_path / "pipe"
    link.symlink_to(real)
    _finish.write(link, ["x"])
    assert (link.is_symlink(), real.read_text()) == (True, "x")
    os.mkfifo(pipe)
    threading.Thread(target=_finish.write, args=(pipe, ["y"]), daemon=True).start()
    assert pipe.read_text() == "y"
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        ("missing/report.json", 2, "there is no folder missing; make it first (mkdir -p)"),
        (".", 2, "-o . is a folder; name a file in it"),
    ],
)
def test_an_impossible_output_is_refused_before_the_work(zeeksmtp: Run, target: str, code: int, said: str) -> None:
    ended = zeeksmtp("report", "/nowhere", "-o", target)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


def test_an_unwritable_folder_is_refused(zeeksmtp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    ended = zeeksmtp("report", "/nowhere", "-o", "report.json")
    assert ended.code == ExitCode.UNUSABLE
    assert "the folder cannot be written; choose another or change its mode" in ended.err


@pytest.mark.parametrize(("level", "code"), [("info", 10), ("medium", 10), ("critical", 0)])
def test_fail_on(zeeksmtp: Run, captures: Path, level: str, code: int) -> None:
    assert zeeksmtp("report", captures / "auth_cram_md5" / "tsv", "--fail-on", level).code == code


def test_damage_is_exit_code_4_unless_findings_weigh_more(zeeksmtp: Run, leak: Path, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for log in leak.iterdir():
        (tmp_path / "logs" / log.name).write_bytes(log.read_bytes())
    (tmp_path / "logs" / "conn.2026-11-22.log.gz").write_bytes(b"\x1f\x8b\x08\x00broken")
    ended = zeeksmtp("report", "logs")
    assert ended.code == ExitCode.DEGRADED
    assert "Degraded: 1 problem" in ended.out
    assert zeeksmtp("report", "logs", "--fail-on", "low").code == ExitCode.FINDINGS


def test_no_input_is_exit_code_3(zeeksmtp: Run, tmp_path: Path) -> None:
    for words in ((tmp_path,), (tmp_path / "nowhere",)):
        ended = zeeksmtp("report", *words)
        assert (ended.code, ended.out, ended.err.count("\n")) == (ExitCode.NO_INPUT, "", 1)


def test_a_config_that_is_not_there_is_exit_code_5(zeeksmtp: Run, leak: Path) -> None:
    ended = zeeksmtp("report", leak, "--config", "nowhere.toml")
    assert (ended.code, ended.out, ended.err.count("\n")) == (ExitCode.UNUSABLE, "", 1)
    assert "nowhere.toml" in ended.err


def test_window(zeeksmtp: Run, leak: Path) -> None:
    full = parsed(zeeksmtp("report", leak, "--format", "json").out)
    late = parsed(zeeksmtp("report", leak, "--format", "json", "--since", "2030-01-01").out)
    assert full["findings"]
    assert late["findings"] == []
    assert late["window"] is None
    screen = zeeksmtp("report", leak, "--since", "2030-01-01").out
    assert "No rows lie between --since and --until; the logs cover 2026-11-23 " in screen
    assert "next: " not in screen
    last = full["window"]["last"]
    early = parsed(zeeksmtp("report", leak, "--format", "json", "--until", last).out)
    assert all(finding["last"] < last for finding in early["findings"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "tomorrow"], "--since 'tomorrow' is no time; write 2026-11-23, 2026-11-23T06:00Z, 30m, 24h, 7d,"),
        (["--since", "999999d"], "is no time"),
        (["--since", "-1h"], "is no time"),
        (["--since", "1h", "--until", "2h"], "--since is not before --until"),
        (["--until", "9999-12-31T23:59:59-12:00"], "is no time"),
        (["--since", "2026-11-23", "--until", "2026-11-23"], "--since is not before --until"),
    ],
)
def test_an_impossible_window_is_refused(zeeksmtp: Run, words: list[str], said: str) -> None:
    ended = zeeksmtp("report", "/nowhere", *words)
    assert ended.code == ExitCode.USAGE
    assert said in ended.err


def test_times_without_zone_are_in_the_configs() -> None:
    span = _request.window("2026-11-23", "2026-11-23T06:00Z", "Europe/Berlin")
    assert span.since == datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert span.until == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert _request.window("2026-11-23", None, "UTC").since == datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", datetime(2026, 11, 23, 11, 45, tzinfo=UTC)),
        ("24h", datetime(2026, 11, 22, 12, 15, tzinfo=UTC)),
        ("7d", datetime(2026, 11, 16, 12, 15, tzinfo=UTC)),
        ("today", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("yesterday", datetime(2026, 11, 21, 23, tzinfo=UTC)),
    ],
)
def test_times_are_relative_to_now(text: str, moment: datetime) -> None:
    now = datetime(2026, 11, 23, 12, 15, tzinfo=UTC)
    assert _request.moment("--since", text, ZoneInfo("Europe/Berlin"), now) == moment


def test_days_begin_at_midnight_when_the_clock_changes() -> None:
    zone = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 10, 25, 12, tzinfo=zone)  # the night before had 25 hours
    assert _request.moment("--since", "today", zone, now) == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert _request.moment("--since", "24h", zone, now) == datetime(2026, 10, 24, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ("r.json", '{\n "schema"'),
        ("r.html", "<!doctype html>"),
        ("r.md", "# zeeksmtp report"),
        ("r.csv", "id,detector,"),
        ("r.log", "#separator"),
        ("r.ndjson", '{"@timestamp"'),
        ("r.txt", "zeeksmtp  2026-11-23"),
        ("report", "zeeksmtp  2026-11-23"),
        ("r.json --format csv", "id,detector,"),
    ],
)
def test_the_name_of_the_file_says_the_format(
    zeeksmtp: Run, leak: Path, tmp_path: Path, words: str, begins: str
) -> None:
    name, *options = words.split()
    assert zeeksmtp("report", leak, "-o", name, *options).code == ExitCode.OK
    assert (tmp_path / name).read_text("utf-8").lower().startswith(begins.lower())


def test_full_has_what_the_first_screen_leaves_out(zeeksmtp: Run, leak: Path) -> None:
    screen, full = zeeksmtp("report", leak).out, zeeksmtp("report", leak, "--full").out
    for part in ("Timeline", "Evidence", "Posture", "Mail volume", "zeeksmtp session C"):
        assert part not in screen
        assert part in full
    assert len(screen.splitlines()) <= 20


@pytest.mark.parametrize(
    ("options", "some"),
    [
        (("--min-severity", "high"), True),
        (("--min-severity", "critical"), False),
        (("--detector", "cleartext-credentials"), True),
        (("--detector", "cleartext-credentials", "--detector", "smtp-scan"), True),
        (("--detector", "smtp-scan"), False),
        (("--client", "10.0.0.0/8"), True),
        (("--client", "192.0.2.1"), False),
        (("--server", "192.0.2.1"), False),
        (("--account", "ALICE@elsewhere.example"), True),
        (("--account", "nobody"), False),
    ],
)
def test_filters_choose_findings_and_say_how_many_they_leave_out(
    zeeksmtp: Run, leak: Path, options: tuple[str, ...], some: bool
) -> None:
    whole = parsed(zeeksmtp("report", leak, "--format", "json").out)
    found = parsed(zeeksmtp("report", leak, "--format", "json", *options).out)
    hidden = len(whole["findings"]) - len(found["findings"])
    assert (len(found["incidents"]), bool(found["credentials_to_change"])) == (int(some), some)
    assert found["coverage"]["notes"][0].endswith(f"{hidden} of {len(whole['findings'])} findings")
    assert ("No findings match the filters." in zeeksmtp("report", leak, *options).out) == (not found["findings"])


def test_a_filter_that_is_no_network_is_refused(zeeksmtp: Run, leak: Path) -> None:
    ended = zeeksmtp("report", leak, "--client", "printer")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert "--client" in ended.err


def test_fail_on_counts_what_the_filters_leave(zeeksmtp: Run, leak: Path) -> None:
    assert zeeksmtp("report", leak, "--fail-on", "high").code == ExitCode.FINDINGS
    assert zeeksmtp("report", leak, "--fail-on", "high", "--account", "nobody").code == ExitCode.OK


def test_local_net_decides_what_crosses(zeeksmtp: Run, leak: Path) -> None:
    far = parsed(zeeksmtp("report", leak, "--format", "json", "--local-net", "192.0.2.0/24").out)
    near = parsed(
        zeeksmtp("report", leak, "--format", "json", "--local-net", "10.0.0.0/8", "--local-net", "fd00::/8").out
    )
    assert {f["severity"] for f in far["findings"]} != {f["severity"] for f in near["findings"]}


def test_pseudonymise(zeeksmtp: Run, leak: Path) -> None:
    plain = parsed(zeeksmtp("report", leak, "--format", "json").out)
    text = zeeksmtp("report", leak, "--format", "json", "--pseudonymise").out
    hidden = parsed(text)
    assert [f["severity"] for f in hidden["findings"]] == [f["severity"] for f in plain["findings"]]
    assert all(client.startswith("host-") for f in hidden["findings"] for client in f["clients"])
    assert all(account not in json.dumps(hidden) for f in plain["findings"] for account in f["accounts"])


def watched(*words: str, stdout: int | None = None) -> tuple[str, str]:
    """Run with stderr on a pseudo terminal; give what went to stdout and what a person saw."""
    screen, terminal = pty.openpty()
    env = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120"}
    ended = subprocess.Popen(
        [sys.executable, "-m", "zeeksmtp", *words], stdout=stdout or subprocess.PIPE, stderr=terminal, env=env, cwd=ROOT
    )
    os.close(terminal)
    out = ended.communicate(timeout=60)[0]
    seen = b""
    while chunk := _read(screen):
        seen += chunk
    os.close(screen)
    return (out or b"").decode(), seen.decode()


def _read(screen: int) -> bytes:
    try:
        return os.read(screen, 65536)
    except OSError:
        return b""


def test_someone_who_watches_sees_progress_and_a_summary(leak: Path, tmp_path: Path) -> None:
    out, seen = watched("report", str(leak), "--format", "json")
    assert parsed(out)["findings"]
    assert "files" in seen
    assert "building tables" in seen
    assert "running detectors" in seen
    assert re.search(r"1 incident: 1 \w+; \d other findings; read [\d,]+ lines in", seen)
    target = tmp_path / "r.json"
    assert f"; written to {target}" in watched("report", str(leak), "-o", str(target))[1]


def test_quiet_is_quiet_even_for_someone_who_watches(leak: Path) -> None:
    assert watched("report", str(leak), "--quiet")[1] == ""


def test_a_terminal_gets_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "91")
    assert _finish.width() == 91
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert _finish.width() is None


def test_several_files_in_one_run_each_in_the_format_of_its_name(zeeksmtp: Run, leak: Path, tmp_path: Path) -> None:
    page, data = tmp_path / "a.html", tmp_path / "b.json"
    assert zeeksmtp("report", leak, "-o", page, "-o", data) == (ExitCode.OK, "", "")
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert parsed(data.read_text()) == parsed(zeeksmtp("report", leak, "--format", "json").out)
    for words, said in (
        (("-o", page, "-o", page), "same file"),
        (("-o", page, "-o", data, "--format=csv"), "one FILE"),
    ):
        ended = zeeksmtp("report", leak, *words)
        assert (ended.code, said in ended.err) == (ExitCode.USAGE, True)
