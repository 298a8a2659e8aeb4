"""Following in one process: whatever writers and rotation do between two looks, each whole line is read once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.watch.conftest import Log, append
from zeeksmtp.watch.folder import Folder


def users(folder: Folder) -> list[str]:
    """Look once; return the users of the new rows."""
    rows = folder.new_rows()
    return rows["smtp_auth"]["user"].to_list() if rows else []


def silent(trouble: str) -> None:
    raise AssertionError(trouble)


class Writing(RuleBasedStateMachine):
    """A writer, a rotator and a follower in any order. What is truncated away before a look is lost, nothing else."""

    @initialize(form=st.sampled_from(["tsv", "json"]), appends=st.booleans())
    def begin(self, form: str, appends: bool) -> None:
        self.home = Path(tempfile.mkdtemp())
        self.path = self.home / "smtp_auth.log"
        self.log = Log(form)
        self.folder = Folder(self.home, silent, linger=3600)
        assert users(self.folder) == []
        self.flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if appends else 0)
        self.number = 0
        self.expected: list[str] = []
        self.read: list[str] = []
        self.begun = b""
        self.pending = ""
        self.writer = -1
        self.reopen()

    def reopen(self) -> None:
        if self.writer >= 0:
            os.close(self.writer)
        self.writer = os.open(self.path, self.flags, 0o600)
        # The beginning of a file shows what it is: rubbish may follow only then.
        os.write(self.writer, self.log.header + self.log.row(f"opened{self.number}"))
        self.expected.append(f"opened{self.number}")

    @precondition(lambda self: not self.begun)
    @rule(rows=st.integers(1, 3))
    def write_rows(self, rows: int) -> None:
        for _ in range(rows):
            self.number += 1
            os.write(self.writer, self.log.row(f"user{self.number}"))
            self.expected.append(f"user{self.number}")

    @precondition(lambda self: not self.begun)
    @rule(cut=st.integers(1, 150))
    def write_half(self, cut: int) -> None:
        self.number += 1
        self.pending = f"user{self.number}"
        row = self.log.row(self.pending)
        os.write(self.writer, row[:cut])
        self.begun = row[cut:]

    @precondition(lambda self: self.begun)
    @rule()
    def write_rest(self) -> None:
        os.write(self.writer, self.begun)
        self.expected.append(self.pending)
        self.begun = b""

    @precondition(lambda self: not self.begun)
    @rule()
    def write_rubbish(self) -> None:
        os.write(self.writer, b"\xff\xfe rubbish\n\n")

    @precondition(lambda self: not self.begun)
    @rule()
    def rotate(self) -> None:
        """Rename, as Zeek does; a copy of what was rotated lies about under another name."""
        self.number += 1
        rotated = self.path.rename(self.home / f"smtp_auth-26-11-23_22.00.{self.number:02}.log")
        shutil.copy(rotated, self.home / f"smtp_auth.log.{self.number}")
        self.reopen()

    @precondition(lambda self: not self.begun)
    @rule()
    def truncate(self) -> None:
        """Copy and truncate, after a look: what came between the copy and the truncation would be lost to anyone."""
        self.look()
        shutil.copy(self.path, self.home / f"smtp_auth.log.{self.number}")
        os.truncate(self.path, 0)

    @rule()
    def look(self) -> None:
        self.read += users(self.folder)
        assert sorted(self.read) == sorted(self.expected)

    @invariant()
    def nothing_twice(self) -> None:
        if hasattr(self, "read"):
            assert len(self.read) == len(set(self.read))

    def teardown(self) -> None:
        if not hasattr(self, "folder"):
            return
        try:
            self.look()
        finally:
            self.folder.close()
            os.close(self.writer)
            shutil.rmtree(self.home)


TestWriting = Writing.TestCase
TestWriting.settings = settings(max_examples=8, stateful_step_count=20)

Follow = Callable[..., Folder]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty log directory."""
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


@pytest.fixture
def follow(folder: Path) -> Iterator[Follow]:
    """Return a function that follows the directory."""
    begun: list[Folder] = []

    def follower(notify: Callable[[str], None] = silent, **how: Any) -> Folder:
        begun.append(Folder(folder, notify, **how))
        return begun[-1]

    yield follower
    for each in begun:
        each.close()


@pytest.mark.parametrize("form", ["tsv", "json"])
def test_the_last_line_of_a_rotated_file(folder: Path, follow: Follow, form: str) -> None:
    """Without its LF it is awaited; when the file is done, a whole JSON object counts, a TSV line may be cut."""
    log, path = Log(form), folder / "smtp_auth.log"
    follower = follow(linger=0)
    append(path, log.header + log.row("one") + log.row("two").rstrip(b"\n"))
    assert users(follower) == ["one"]
    path.rename(folder / "smtp_auth-26-11-23.log")
    assert users(follower) == (["two"] if form == "json" else [])
    assert follower._tails == {}


def test_a_file_that_comes_back_is_not_read_again(folder: Path, follow: Follow) -> None:
    """A renamed file was let go of, then has its old name again: what is new in it is read, in the old columns."""
    log, path = Log("tsv"), folder / "smtp_auth.log"
    follower = follow(linger=0)
    append(path, log.header + log.row("one"))
    assert users(follower) == ["one"]
    aside = path.rename(folder / "aside.txt")
    assert users(follower) == []
    assert follower._tails == {}
    append(aside, log.row("two"))
    aside.rename(path)
    assert users(follower) == ["two"]


def test_an_inode_that_is_another_file_by_now(folder: Path, follow: Follow) -> None:
    """File systems give the number of a removed file to the next one."""
    log, path = Log("tsv"), folder / "smtp_auth.log"
    follower = follow(linger=0)
    append(path, log.header + log.row("one") + log.row("two"))
    assert users(follower) == ["one", "two"]
    aside = path.rename(folder / "aside.txt")
    assert users(follower) == []
    aside.write_bytes(log.header + log.row("three") + log.row("four") + log.row("five"))
    aside.rename(path)
    assert users(follower) == ["three", "four", "five"]


def test_other_files_are_left_alone(folder: Path, follow: Follow) -> None:
    """Logs of other kinds, packed ones, pipes, folders and what nobody may read; the last is said once."""
    log = Log("tsv")
    troubles: list[str] = []
    follower = follow(troubles.append)
    append(folder / "http.log", b"#separator \\x09\n#path\thttp\n#fields\tts\tuid\n1\tC\n")
    append(folder / "smtp_auth.log.gz", log.row("one"))
    append(folder / "smtp_auth-26-11-23.log", log.header + log.row("two"))
    os.mkfifo(folder / "conn.log")
    (folder / "smtp.log").mkdir()
    (folder / "dns.log").symlink_to("nowhere")
    (folder / "smtp_cmd.log").touch()
    assert [users(follower) for _ in range(3)] == [[], [], []]
    assert (follower._tails, troubles) == ({}, [])


def test_a_second_copy_of_a_log_is_not_read(folder: Path, follow: Follow) -> None:
    """Zeek packages write JSON beside TSV."""
    append(folder / "smtp_auth.log", Log("tsv").header + Log("tsv").row("one"))
    append(folder / "json_streaming_smtp_auth.log", Log("json").row("two"))
    assert users(follow(from_start=True)) == ["one"]


def test_rows_without_a_header_are_said_once(folder: Path, follow: Follow) -> None:
    """Such rows cannot be read, and nobody would know."""
    troubles: list[str] = []
    follower = follow(troubles.append)
    append(folder / "smtp_auth.log", Log("tsv").row("one"))
    assert users(follower) == []
    append(folder / "smtp_auth.log", Log("tsv").row("two"))
    assert users(follower) == []
    assert len(troubles) == 1
    assert "restore the header" in troubles[0]


def test_a_line_without_end_is_dropped(folder: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no line of Zeek's, and memory must not grow with it; the next one counts again."""
    monkeypatch.setattr("zeeksmtp.watch.tail.LONGEST_LINE", 1000)
    log, path = Log("tsv"), folder / "smtp_auth.log"
    follower = follow()
    append(path, log.header + log.row("one") + b"x" * 2500)
    found = users(follower)
    append(path, b"x" * 2500 + b"\n" + log.row("two"))
    assert found + users(follower) == ["one", "two"]


def test_the_last_lines_come_first(folder: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long file only the last whole lines are given, with the columns of its header."""
    monkeypatch.setattr("zeeksmtp.watch.folder._HISTORY_BYTES", 500)
    log, path = Log("tsv"), folder / "smtp_auth.log"
    append(path, log.header + b"".join(log.row(f"user{n:03}") for n in range(500)))
    follower = follow()
    found = users(follower)
    assert 2 <= len(found) <= 4
    assert found[-1] == "user499"
    append(path, log.row("new"))
    assert users(follower) == ["new"]


def test_much_is_read_bit_by_bit(folder: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look has a bound; what is left is reported, and comes with the next look."""
    monkeypatch.setattr("zeeksmtp.watch.folder._MAX_READ_BYTES", 2000)
    monkeypatch.setattr("zeeksmtp.watch.tail.LONGEST_LINE", 1000)
    log, path = Log("tsv"), folder / "smtp_auth.log"
    append(path, log.header + b"".join(log.row(f"user{n}") for n in range(100)))
    follower = follow(from_start=True)
    found = users(follower)
    assert follower.behind
    assert 1 < len(found) < 30
    while follower.behind:
        found += users(follower)
    assert found == [f"user{n}" for n in range(100)]


def test_a_longer_content_in_its_place(folder: Path, follow: Follow) -> None:
    """Truncated and filled beyond where it was, between two looks: the size alone does not tell."""
    log, path = Log("tsv"), folder / "smtp_auth.log"
    follower = follow()
    append(path, log.header + log.row("one"))
    assert users(follower) == ["one"]
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(b"".join(log.row(f"user{n}") for n in range(9)))
    assert users(follower) == [f"user{n}" for n in range(9)]
