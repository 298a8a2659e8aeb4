"""Every connection that a finding names can be shown, whole and in order, and nothing secret with it."""

from __future__ import annotations

import gzip
import shutil
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from docs._pages import session_schema
from tests.conftest import CAPTURES, WIDE
from tests.e2e import _runs
from zeeksmtp.errors import NoInputError
from zeeksmtp.model import Site
from zeeksmtp.session_view import transcript
from zeeksmtp.session_view.shapes import CommandStep, MailStep, SessionView
from zeeksmtp.session_view.view import session_view

NAMES = sorted(path.parent.parent.name for path in CAPTURES.glob("*/tsv/conn.log"))
VALID = jsonschema.Draft202012Validator(session_schema.shape())


@cache
def views(path: Path) -> dict[str, SessionView]:
    """Return the transcripts of uids that findings of the logs name: of one of each detector, in a wide run of all."""
    findings = _runs.analysis(path).findings
    named = {uid for finding in findings for uid in finding.uids}
    some = {finding.detector: uid for finding in findings for uid in finding.uids}.values()
    return {uid: view_of(uid, path) for uid in sorted(named if WIDE else some)}


def view_of(uid: str, *paths: Path) -> SessionView:
    return session_view(paths, uid, Site())[0]


def test_there_is_something_to_show() -> None:
    assert sum(len(views(CAPTURES / name / "tsv")) for name in NAMES) >= 60


@pytest.mark.parametrize("name", NAMES)
def test_every_uid_that_a_finding_names_is_shown(name: str) -> None:
    secrets = [line for line in (CAPTURES / name / "secrets.txt").read_text("utf-8").splitlines() if line]
    for uid, view in views(CAPTURES / name / "tsv").items():
        texts = view.model_dump_json(by_alias=True), transcript.text(view)
        VALID.validate(view.model_dump(mode="json", by_alias=True))
        assert not [secret for secret in secrets if any(secret in text for text in texts)], uid
        for session in view.sessions:
            seqs = [step.seq for step in session.steps if isinstance(step, CommandStep)]
            assert seqs == sorted(seqs, key=lambda seq: seq or 0)


def test_tsv_and_json_show_the_same() -> None:
    name = "auth_login_fail_then_ok"
    assert views(CAPTURES / name / "tsv") == views(CAPTURES / name / "json")


def test_a_mail_stands_after_its_transaction() -> None:
    view = view_of("C6x9Tb2mmh3WHKg5p9", CAPTURES / "auth_login_fail_then_ok" / "tsv")
    steps = view.sessions[0].steps
    place = next(number for number, step in enumerate(steps) if isinstance(step, MailStep))
    before = steps[place - 1]
    assert isinstance(before, CommandStep)
    assert before.command == "DATA"


@pytest.mark.parametrize("log", ["conn", "smtp", "smtp_cmd", "smtp_auth", "smtp_session", "ssl"])
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "missing"])
def test_any_subset_of_logs(log: str, alone: bool, tmp_path: Path) -> None:
    uids: set[str] = set()
    for source in (CAPTURES / "mixed_office_day" / "tsv").glob("*.log"):
        if (source.stem == log) == alone:
            shutil.copy(source, tmp_path)
            if source.stem not in {"dns", "files", "software"}:
                lines = source.read_text("utf-8").splitlines()
                uids |= {line.split("\t")[1] for line in lines if line.endswith("x") or "\t25\t" in line}
    for uid in sorted(uids)[:2]:
        session = view_of(uid, tmp_path).sessions[0]
        says_missing = any(f"{log}.log is missing" in note for note in session.unseen)
        assert says_missing is not alone
        VALID.validate(SessionView(uid=uid, sessions=(session,)).model_dump(mode="json", by_alias=True))
    assert uids


def test_commands_that_no_log_has_are_said_to_be_missing(tmp_path: Path) -> None:
    for log in ("conn", "smtp", "ssl"):
        source = CAPTURES / "spambot_direct_to_mx" / "tsv" / f"{log}.log"
        if source.exists():
            shutil.copy(source, tmp_path)
    assert views(tmp_path)
    for view in views(tmp_path).values():
        assert any("smtp_cmd.log is missing" in note for note in view.sessions[0].unseen)


def _sensor(folder: Path, rename: dict[str, str]) -> Path:
    """Write the logs of a capture as another sensor would: the same lines under other uids."""
    folder.mkdir()
    for source in (CAPTURES / "auth_login_fail_then_ok" / "tsv").glob("*.log"):
        text = source.read_text("utf-8")
        for old, new in rename.items():
            text = text.replace(old, new)
        (folder / source.name).write_text(text, "utf-8")
    return folder


def test_a_file_and_its_copy_show_a_line_once(tmp_path: Path) -> None:
    one = _sensor(tmp_path / "one", {})
    two = _sensor(tmp_path / "two", {})
    assert view_of("C6x9Tb2mmh3WHKg5p9", one, two).sessions == view_of("C6x9Tb2mmh3WHKg5p9", one).sessions


def test_packed_logs_with_a_header_in_the_middle_show_the_same(tmp_path: Path) -> None:
    plain = _sensor(tmp_path / "one", {})
    packed = tmp_path / "packed"
    packed.mkdir()
    for source in plain.glob("*.log"):
        head = b"".join(line for line in source.read_bytes().splitlines(keepends=True) if line.startswith(b"#"))
        (packed / f"{source.name}.gz").write_bytes(gzip.compress(head + source.read_bytes()))
    assert view_of("C6x9Tb2mmh3WHKg5p9", packed) == view_of("C6x9Tb2mmh3WHKg5p9", plain)


def test_a_uid_that_another_line_only_quotes_is_not_shown(tmp_path: Path) -> None:
    folder = _sensor(tmp_path / "one", {"2.0.0 Bye": "2.0.0 Bye C6x9Tb2mmh3WHKg5p9"})
    (session,) = view_of("C6x9Tb2mmh3WHKg5p9", folder).sessions
    assert session.client == "10.20.1.18"


def test_a_uid_that_repeats_shows_all_its_connections_in_order(tmp_path: Path) -> None:
    folder = _sensor(tmp_path / "one", {"CHz8aOoOqNR7h7wPb": "C6x9Tb2mmh3WHKg5p9"})
    sessions = view_of("C6x9Tb2mmh3WHKg5p9", folder).sessions
    assert [session.client for session in sessions] == ["10.20.1.18", "10.20.1.19"]


def test_a_uid_that_repeats_with_the_same_ends_is_split_by_its_starts(tmp_path: Path) -> None:
    one = _sensor(tmp_path / "one", {})
    later = _sensor(tmp_path / "two", {"1795458": "1795459"})
    early, late = view_of("C6x9Tb2mmh3WHKg5p9", one, later).sessions
    assert (late.start - early.start).total_seconds() == 1000
    assert [step.offset for step in early.steps] == [step.offset for step in late.steps]


def test_hostile_strings_are_shown_and_do_nothing(tmp_path: Path) -> None:
    evil = "\x1b[2J\u202eevil|<b>"
    folder = _sensor(tmp_path / "one", {"ws18": evil, "2.0.0 Bye": f"Bye{evil}"})
    text = transcript.text(view_of("C6x9Tb2mmh3WHKg5p9", folder))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[2J" in text


def test_a_uid_of_weird_log_only_is_shown(tmp_path: Path) -> None:
    head = (
        "#separator \\x09\n#path\tweird\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tname\tnotice\n"
    )
    types = "#types\ttime\tstring\taddr\tport\taddr\tport\tstring\tbool\n"
    row = "1795458327.5\tCweird\t10.0.0.1\t4444\t10.0.0.25\t25\tsmtp_excessive_pending_cmds\tF\n"
    (tmp_path / "weird.log").write_text(head + types + row, "utf-8")
    assert "smtp_excessive_pending_cmds" in transcript.text(view_of("Cweird", tmp_path))


def test_a_uid_that_is_nowhere() -> None:
    with pytest.raises(NoInputError, match=r"uid Cnowhere in conn\.log, .*vrfy_scan"):
        view_of("Cnowhere", CAPTURES / "vrfy_scan" / "tsv")
