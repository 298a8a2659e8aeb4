"""What is found under a path: names of every producer, and that nothing is silently left out, read twice, or hangs."""

from __future__ import annotations

import gzip
import os
import shutil
import socket
import threading
from pathlib import Path

import pytest

from tests.conftest import ROOT
from zeeksmtp.errors import NoInputError
from zeeksmtp.reading.discover import Found, find
from zeeksmtp.reading.kinds import by_name, is_variant

LOGS = ROOT / "fixtures" / "logs"
SMTP = LOGS / "smtp" / "close_nodate.log"
CONN = LOGS / "conn" / "conn.log"

# name -> the log it is, by name alone; reference: the producers' own sources
NAMES: dict[str, str | None] = {
    "smtp.log": "smtp",
    "smtp.2026-11-23-06-00-00.log": "smtp",  # bare Zeek
    "smtp-26-11-23_06.00.00.log": "smtp",
    "smtp.06:00:00-07:00:00.log.gz": "smtp",  # zeekctl
    "smtp_cmd.06:00:00-07:00:00.log.gz": "smtp_cmd",
    "smtp.10:00:00-11:00:00-logger-2.log.gz": "smtp",  # zeekctl with several loggers
    "conn__2020-07-16-09-43-10__2020-07-16-10-00-00__.log": "conn",  # Zeek's queue for zeek-archiver
    "smtp_auth__2020-07-16-09-43-10__2020-07-16-10-00-00__log_suffix=logger-1,pid=4711__.log": "smtp_auth",
    "conn_20240722_12:00:00-13:00:00+0000.log.gz": "conn",  # Corelight
    "conn_red.00:00:00-01:00:00.log": "conn",
    "conn_red_20240722_12:00:00-13:00:00+0000.log": "conn",
    "conn(tagA,tagB).log": "conn",  # Malcolm
    "conn.2020_01_16_14_00_00.log": "conn",
    "ssl.03:00:00_03:49:27.log": "ssl",
    "conn.00_00_00-01_00_00.log": "conn",  # a copy that Windows can hold
    "json_streaming_smtp.log": "smtp",
    "json_streaming_smtp_session.2.log": "smtp_session",
    "dns.log.zst": "dns",
    "weird.log.xz": "weird",
    "SMTP.LOG": "smtp",
    "conn-summary.06:00:00-07:00:00.log.gz": None,
    "known_hosts.log": None,
    "http.06:00:00-07:00:00.log.gz": None,
    "stderr.log": None,
    "smtp_links.log": None,
    "connection.log": None,
    "notes": None,
}


@pytest.mark.parametrize(("name", "log"), NAMES.items())
def test_names_of_all_producers(name: str, log: str | None, tmp_path: Path) -> None:
    """By name alone (an empty file says nothing itself), and the same when the content says so."""
    assert by_name(name) == log
    (tmp_path / name).touch()
    (tmp_path / "other").mkdir()
    shutil.copy(CONN, tmp_path / "other" / "other.log")
    found = find([tmp_path])
    assert [source.log for source in found.sources if source.path.name == name] == ([log] if log else [])


def test_variants() -> None:
    assert is_variant("json_streaming_conn.1.log") and is_variant("conn_red.log.gz") and is_variant("conn_long.log")
    assert not is_variant("conn.log") and not is_variant("smtp_cmd.log")


def why(found: Found, name: str) -> str:
    (passed,) = [passed for passed in found.passed_over if passed.path.name == name]
    return passed.why


def names(found: Found) -> list[str]:
    return [source.path.name for source in found.sources]


def test_content_is_believed_before_the_name(tmp_path: Path) -> None:
    shutil.copy(SMTP, tmp_path / "conn.log")
    shutil.copy(LOGS / "conn" / "epoch.json.log", tmp_path / "http.log")
    shutil.copy(LOGS / "conn" / "nested.json.log", tmp_path / "whatever")
    (tmp_path / "smtp.log").write_text("#separator \\x09\n#path\thttp\n#fields\tts\tuid\n")
    found = find([tmp_path])
    assert [(source.path.name, source.log, source.format) for source in found.sources] == [
        ("conn.log", "smtp", "tsv"),
        ("http.log", "conn", "json"),
        ("whatever", "conn", "json"),
    ]
    assert why(found, "smtp.log") == "http: not a log that is read"


def test_a_path_of_the_sites_own_is_known_by_its_columns(tmp_path: Path) -> None:
    text = CONN.read_text().replace("#path\tconn", "#path\tborder_link")
    (tmp_path / "border_link.log").write_text(text)
    assert [source.log for source in find([tmp_path]).sources] == ["conn"]


def test_zeekctl_tree_with_its_link_and_its_litter(tmp_path: Path) -> None:
    spool, day = tmp_path / "spool" / "zeek", tmp_path / "logs" / "2026-11-23"
    for folder in (spool, day, tmp_path / "logs" / "stats"):
        folder.mkdir(parents=True)
    (tmp_path / "logs" / "current").symlink_to(spool)
    (spool / "loop").symlink_to(tmp_path)
    shutil.copy(CONN, spool / "conn.log")
    (spool / "stdout.log").write_text("max memory size (kbytes) unlimited\n")
    (spool / "stderr.log").write_text("listening on eth0\n")
    (spool / ".shadow.conn.log").write_text("x")
    (spool / ".tmp.smtp.log.gz").write_text("x")
    (day / "smtp.06:00:00-07:00:00.log.gz").write_bytes(gzip.compress(SMTP.read_bytes()))
    (day / "conn-summary.06:00:00-07:00:00.log.gz").write_bytes(gzip.compress(b">== Total === 1 hour\n"))
    (tmp_path / "logs" / "stats" / "meta.dat").write_bytes(b"\x00\x01")
    found = find([tmp_path])
    assert names(found) == ["smtp.06:00:00-07:00:00.log.gz", "conn.log"]
    assert found.sources[1].path == spool / "conn.log", "the real folder, not the link"
    assert "the same as" in why(found, "current") and "the same as" in why(found, "loop")
    assert "hidden" in why(found, ".shadow.conn.log") and "hidden" in why(found, ".tmp.smtp.log.gz")
    assert "summary" in why(found, "conn-summary.06:00:00-07:00:00.log.gz")
    assert "Zeek printed" in why(found, "stdout.log") and "Zeek printed" in why(found, "stderr.log")
    assert "no Zeek log" in why(found, "meta.dat")
    files = [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and "current" not in path.parts and "loop" not in path.parts
    ]
    assert len(files) == len(found.sources) + len(found.passed_over) - 2, "nothing is silently left out"
    assert find([tmp_path]) == found


def test_a_link_is_followed_where_only_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    shutil.copy(CONN, tmp_path / "spool" / "conn.log")
    (tmp_path / "current").symlink_to(tmp_path / "spool")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert find([tmp_path / "current"]).sources[0].path == tmp_path / "current" / "conn.log"
    assert why(find([tmp_path]), "gone") == "a link to nothing"


def test_the_newer_of_a_log_and_its_packed_form(tmp_path: Path) -> None:
    plain, packed = tmp_path / "conn.log", tmp_path / "conn.log.gz"
    shutil.copy(CONN, plain)
    packed.write_bytes(gzip.compress(CONN.read_bytes()))
    os.utime(plain, (1, 1))
    assert names(find([tmp_path])) == ["conn.log.gz"]
    os.utime(packed, (0, 0))
    found = find([tmp_path])
    assert names(found) == ["conn.log"]
    assert why(found, "conn.log.gz") == "the same log as conn.log, which is newer"


def test_second_copies_count_only_where_they_stand_alone(tmp_path: Path) -> None:
    both, alone = tmp_path / "both", tmp_path / "alone"
    for folder in (both, alone):
        folder.mkdir()
        shutil.copy(LOGS / "conn" / "stream_fields.json.log", folder / "json_streaming_conn.log")
        shutil.copy(LOGS / "conn" / "stream_fields.json.log", folder / "json_streaming_conn.1.log")
    shutil.copy(CONN, both / "conn.log")
    (both / "conn_red.log").write_text(CONN.read_text().replace("#path\tconn", "#path\tconn_red"))
    found = find([tmp_path])
    assert [source.path.parent.name for source in found.sources] == ["alone", "alone", "both"]
    assert "second copy" in why(found, "conn_red.log")


def test_a_file_reached_twice_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    shutil.copy(CONN, path)
    os.link(path, tmp_path / "hard.log")
    (tmp_path / "soft.log").symlink_to(path)
    found = find([path, tmp_path, tmp_path / "soft.log", path])
    assert names(found) == ["conn.log"]
    assert {passed.path.name for passed in found.passed_over} == {"hard.log", "soft.log"}


def test_nothing_that_could_hang_is_opened(tmp_path: Path) -> None:
    shutil.copy(CONN, tmp_path / "conn.log")
    os.mkfifo(tmp_path / "smtp.log")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "ssl.log"))
        got: list[Found] = []
        thread = threading.Thread(target=lambda: got.append(find([tmp_path, Path("/dev/zero")])), daemon=True)
        thread.start()
        thread.join(20)
    assert got, "it hangs"
    assert names(got[0]) == ["conn.log"]
    assert {passed.path.name for passed in got[0].passed_over} == {"smtp.log", "ssl.log", "zero"}


def test_an_explicit_file_that_is_no_log_is_told(tmp_path: Path) -> None:
    other = tmp_path / "letter.txt"
    other.write_text("Dear all,\n")
    assert "no Zeek log" in why(find([other, CONN]), "letter.txt")


def test_no_path_no_log(tmp_path: Path) -> None:
    with pytest.raises(NoInputError, match="no such file"):
        find([tmp_path / "nowhere"])
    (tmp_path / "http.log").write_text("#separator \\x09\n#path\thttp\n#fields\tts\n")
    with pytest.raises(NoInputError, match=r"looked for conn, dns, files, smtp.*http: not a log that is read"):
        find([tmp_path])


def test_a_log_that_cannot_be_unpacked_makes_the_run_degraded() -> None:
    found = find([LOGS / "packed" / "conn.log.lz4"])
    assert [passed.unreadable for passed in found.passed_over] == [True]


def test_a_broken_log_is_still_taken_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "smtp.log").write_bytes(b"\x00\x17garbage without a header\n" * 20)
    assert [source.log for source in find([tmp_path]).sources] == ["smtp"]
