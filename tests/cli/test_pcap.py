"""`zeeksmtp pcap`: with a Zeek, what the report of its logs says; without one, where to get it."""

from __future__ import annotations

import json
import os
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
    assert _trim.contents_of(tmp_path / "x").whole == expected


def test_whole_blocks_of_a_pcapng(tmp_path: Path) -> None:
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    block = struct.pack("<IIII", 6, 16, 0, 16)
    for lost, whole in ((0, 60), (1, 44), (15, 44), (17, 28)):
        (tmp_path / "x").write_bytes((section + block + block)[: 60 - lost])
        assert _trim.contents_of(tmp_path / "x").whole == whole


@pytest.fixture
def recorded_zeek(captures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `zeek` on PATH that writes recorded logs, and keeps seeds and capture of each run; return where."""
    runs, programs = tmp_path / "runs", tmp_path / "bin"
    runs.mkdir()
    programs.mkdir()
    script = f"""#!/bin/sh
n=$(ls {runs} | wc -l)
mkdir {runs}/$n
cp "$ZEEK_SEED_FILE" {runs}/$n/seeds
while [ "$1" != -r ]; do shift; done
cp "$2" {runs}/$n/capture
cp {captures}/auth_plain_initial/tsv/conn.log {captures}/auth_plain_initial/tsv/smtp_session.log .
"""
    (programs / "zeek").write_text(script)
    (programs / "zeek").chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return runs


def test_each_capture_has_seeds_of_its_own(zeeksmtp: Run, recorded_zeek: Path, tmp_path: Path) -> None:
    """Zeek makes uids of the seeds: of two captures with the same, unlike connections would share one."""
    for name, packets in (("a", 1), ("b", 2), ("copy of a", 1)):
        (tmp_path / name).write_bytes(pcap(*((n, 10) for n in range(packets))))
    assert zeeksmtp("pcap", tmp_path / "a", tmp_path / "b", tmp_path / "copy of a", "--format", "json").code == 0
    a, b, copy = ((recorded_zeek / str(n) / "seeds").read_text() for n in range(3))
    assert a == copy != b
    assert [len(seeds.splitlines()) for seeds in (a, b)] == [21, 21]


def test_logs_that_zeek_had_no_reason_to_write_are_not_missed(
    zeeksmtp: Run, recorded_zeek: Path, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(pcap((1, 10)))
    report = json.loads(zeeksmtp("pcap", tmp_path / "a", "--format", "json").out)
    assert not [note for note in report["coverage"]["notes"] if "missing" in note]
    assert all(report["coverage"]["logs"].values())


def test_packets_are_put_in_order_of_time(zeeksmtp: Run, recorded_zeek: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(pcap((5, 10), (1, 20), (3, 30), (3, 40)) + b"cut")
    report = json.loads(zeeksmtp("pcap", tmp_path / "a", "--format", "json").out)
    assert (recorded_zeek / "0" / "capture").read_bytes() == pcap((1, 20), (3, 30), (3, 40), (5, 10))
    assert sum("the last packet is cut; the 3 bytes" in note for note in report["coverage"]["notes"]) == 1
    assert sum("its time jumps back" in note for note in report["coverage"]["notes"]) == 1


def test_a_capture_in_order_is_read_as_it_is(zeeksmtp: Run, recorded_zeek: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(pcap((1, 20), (1, 30), (3, 40)))
    report = json.loads(zeeksmtp("pcap", tmp_path / "a", "--format", "json").out)
    assert (recorded_zeek / "0" / "capture").read_bytes() == (tmp_path / "a").read_bytes()
    assert not [note for note in report["coverage"]["notes"] if "time" in note]


def pcap(*packets: tuple[int, int]) -> bytes:
    """Return a capture of packets: seconds and bytes of each."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    return head + b"".join(struct.pack("<IIII", at, 0, size, size) + bytes(size) for at, size in packets)


def section() -> bytes:
    return struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)


def interface(resolution: int | None) -> bytes:
    """Return the block of an interface, whose time stamps count by 10 to minus `resolution` seconds."""
    options = b"" if resolution is None else struct.pack("<HHBxxxHH", 9, 1, resolution, 0, 0)
    size = 20 + len(options)
    return struct.pack("<IIHHI", 1, size, 1, 0, 65535) + options + struct.pack("<I", size)


def packet(of: int, stamp: int) -> bytes:
    return struct.pack("<IIIIIII", 6, 36, of, stamp >> 32, stamp & 0xFFFFFFFF, 0, 0) + bytes(4) + struct.pack("<I", 36)


def test_packets_of_interfaces_with_other_units_are_put_in_order(tmp_path: Path) -> None:
    """Two seconds in microseconds lie before three in nanoseconds."""
    two, three = packet(0, 2 * 10**6), packet(1, 3 * 10**9)
    (tmp_path / "x").write_bytes(section() + interface(None) + three + interface(9) + two)
    assert _trim.contents_of(tmp_path / "x").in_order, "the first packet's interface is not known yet: no time"
    head = section() + interface(None) + interface(9)
    (tmp_path / "x").write_bytes(head + three + two)
    contents = _trim.contents_of(tmp_path / "x")
    assert not contents.in_order
    _trim.copy(tmp_path / "x", tmp_path / "y", contents)
    assert (tmp_path / "y").read_bytes() == head + two + three
    (tmp_path / "z").write_bytes(head + two + three)
    assert _trim.contents_of(tmp_path / "z").in_order


def test_several_sections_are_left_as_they_are(tmp_path: Path) -> None:
    late, early = (section() + interface(None) + packet(0, stamp) for stamp in (9, 1))
    (tmp_path / "x").write_bytes(late + early)
    contents = _trim.contents_of(tmp_path / "x")
    assert contents.in_order
    assert contents.whole == len(late + early)
