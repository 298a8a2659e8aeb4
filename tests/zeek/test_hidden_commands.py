"""Mails inside mails, and commands behind STARTTLS: from captures, through Zeek and its package, to findings."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.zeek.dialogue import Talk, write_pcap
from tests.zeek.running import has_zeek, run_zeek
from tests.zeek.traces import starttls_injection

pytestmark = pytest.mark.skipif(not has_zeek(), reason="zeek is not on PATH")

BODY = b"From: alice@x.example\r\nSubject: x\r\n\r\n" + b"line of text\r\n" * 8
END = b".\r\n"
ENVELOPE = b"MAIL FROM:<%s>\r\nRCPT TO:<bob@corp.example>\r\nDATA\r\n"
INNER = ENVELOPE % b"ceo@corp.example" + b"From: ceo@corp.example\r\n\r\nhi\r\n" + END
BARE: Mapping[str, bytes] = {
    "lf-dot-crlf": b"\n.\r\n",
    "lf-dot-lf": b"\n.\n",
    "cr-dot-cr": b"\r.\r",
    "cr-dot-crlf": b"\r.\r\n",
    "crlf-dot-cr": b"\r\n.\r",
    "crlf-dot-lf": b"\r\n.\n",
    "crlf-nul-dot-crlf": b"\r\n\0.\r\n",
}
"""What stands for the end of a message and is none (RFC 5321 section 4.1.1.4)."""
QUEUED, NEXT = "250 2.0.0 Ok: queued as 1", ("250 2.1.0 Ok", "250 2.1.5 Ok", "354 Go ahead")


def _to_data(size: str = "") -> Talk:
    talk = Talk().s("220 mx ESMTP").c("EHLO relay.x.example").s("250-mx", "250-PIPELINING", "250 SIZE 1000000")
    talk.c(f"MAIL FROM:<alice@x.example>{size}").s(NEXT[0]).c("RCPT TO:<bob@corp.example>").s(NEXT[1])
    return talk.c("DATA").s(NEXT[2])


def _bye(talk: Talk) -> Talk:
    return talk.c("QUIT").s("221 2.0.0 Bye").close()


def found(folder: Path, talk: Talk) -> list[dict[str, Any]]:
    """Return the findings of a dialogue."""
    write_pcap(folder / "dialogue.pcap", [talk])
    logs = folder / "logs"
    logs.mkdir()
    assert run_zeek(logs, folder / "dialogue.pcap").returncode == 0
    command = [sys.executable, "-m", "zeeksmtp", "report", str(logs), "--format", "json", "--quiet"]
    chosen = ["--detector", "smtp-smuggling", "--detector", "starttls-injection"]
    run = subprocess.run([*command, *chosen], capture_output=True, text=True, check=True)
    findings: list[dict[str, Any]] = json.loads(run.stdout)["findings"]
    return findings


@pytest.mark.parametrize("end", BARE)
def test_a_server_that_splits_a_mail(tmp_path: Path, end: str) -> None:
    talk = _to_data(" SIZE=400").raw("c", BODY + BARE[end] + INNER).s(QUEUED).s(*NEXT, QUEUED)
    (finding,) = found(tmp_path, _bye(talk))
    assert (finding["detector"], finding["severity"]) == ("smtp-smuggling", "high")


@pytest.mark.parametrize("end", BARE)
def test_a_server_that_does_not(tmp_path: Path, end: str) -> None:
    (finding,) = found(tmp_path, _bye(_to_data().raw("c", BODY + BARE[end] + INNER).s(QUEUED)))
    assert (finding["detector"], finding["severity"]) == ("smtp-smuggling", "medium")


@pytest.mark.parametrize("size", ["", f" SIZE={len(BODY)}"])
def test_pipelined_mails_are_none(tmp_path: Path, size: str) -> None:
    sender = b"alice@x.example>" + size.encode() if size else b"alice@x.example>"
    following = BODY + END + ENVELOPE.replace(b"%s>", sender)
    talk = _to_data(size).raw("c", following).s(QUEUED, *NEXT).raw("c", BODY + END).s(QUEUED)
    assert found(tmp_path, _bye(talk)) == []


def test_commands_behind_starttls(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, starttls_injection())
    assert finding["detector"] == "starttls-injection"
