"""`zeeksmtp pcap`: with a Zeek, what the report of its logs says; without one, where to get it."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from zeeksmtp.cli import _trim

needs_zeek = pytest.mark.skipif(shutil.which("zeek") is None, reason="zeek is not on PATH")


def cut(captures: Path, target: Path) -> Path:
    """Copy a capture without its last bytes."""
    target.write_bytes((captures / "auth_plain_initial" / "capture.pcap").read_bytes()[:-7])
    return target


def test_without_zeek_it_says_where_to_get_it(
    zeeksmtp: Run, captures: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = zeeksmtp("pcap", captures / "legit_relay" / "capture.pcap")
    assert (ended.code, ended.out) == (5, "")
    assert "brew install zeek" in ended.err


def test_a_capture_that_is_not_there(zeeksmtp: Run) -> None:
    assert zeeksmtp("pcap", "missing.pcap").code == 3


@needs_zeek
def test_the_same_findings_as_from_the_committed_logs(zeeksmtp: Run, captures: Path) -> None:
    nets = ("--local-net", "10.0.0.0/8", "--format", "json")
    fresh = json.loads(zeeksmtp("pcap", captures / "auth_plain_initial" / "capture.pcap", *nets).out)
    kept = json.loads(zeeksmtp("report", captures / "auth_plain_initial" / "tsv", *nets).out)
    assert [f["id"] for f in fresh["findings"]] == [f["id"] for f in kept["findings"]]
    assert fresh["findings"]
    assert all("zeeksmtp-pcap-" not in file["path"] for file in fresh["inputs"]["files"])


@needs_zeek
def test_a_cut_capture_is_read_to_its_last_whole_packet(zeeksmtp: Run, captures: Path, tmp_path: Path) -> None:
    ended = zeeksmtp("pcap", cut(captures, tmp_path / "cut.pcap"), "--format", "json")
    report = json.loads(ended.out)
    assert ended.code == 0
    assert any("the last packet is cut" in note for note in report["coverage"]["notes"])
    assert report["findings"]


@needs_zeek
def test_what_is_no_capture_ends_with_zeeks_own_words(zeeksmtp: Run, captures: Path, tmp_path: Path) -> None:
    (tmp_path / "no.pcap").write_bytes(b"this is no capture at all, and long enough to have a header")
    ended = zeeksmtp("pcap", tmp_path / "no.pcap")
    assert (ended.code, ended.out) == (4, "")
    assert "no.pcap: zeek: " in ended.err
    both = zeeksmtp("pcap", tmp_path / "no.pcap", captures / "legit_relay" / "capture.pcap", "--format", "json")
    assert both.code == 4
    assert [error["where"] for error in json.loads(both.out)["errors"]] == [str(tmp_path / "no.pcap")]


@pytest.mark.parametrize("lost", range(0, 40, 3))
def test_whole_packets_of_a_pcap(tmp_path: Path, lost: int) -> None:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    packets = [struct.pack("<IIII", 1, 0, n, n) + bytes(n) for n in (10, 0, 20)]
    data = b"".join((head, *packets))
    (tmp_path / "x").write_bytes(data[: len(data) - lost])
    expected = len(data) if lost == 0 else len(data) - 36 if lost <= 36 else len(data) - 52
    assert _trim.whole_bytes(tmp_path / "x") == expected


def test_whole_blocks_of_a_pcapng(tmp_path: Path) -> None:
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    block = struct.pack("<IIII", 6, 16, 0, 16)
    for lost, whole in ((0, 60), (1, 44), (15, 44), (17, 28)):
        (tmp_path / "x").write_bytes((section + block + block)[: 60 - lost])
        assert _trim.whole_bytes(tmp_path / "x") == whole
