"""A real rsyslogd takes the messages, by UDP and TCP, and finds in them what was put there."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.delivery._envelopes import envelope, settings
from tests.delivery._servers import free_port
from tests.delivery.test_syslog import IDS
from zeeksmtp.delivery import send

RSYSLOGD = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
pytestmark = pytest.mark.skipif(not Path(RSYSLOGD).exists(), reason="rsyslogd is not installed")

CONFIG = """
global(workDirectory="{home}")
module(load="imudp")
module(load="imtcp")
template(name="row" type="string"
  string="%app-name%\\t%msgid%\\t%syslogfacility-text%\\t%syslogseverity-text%\\t%timereported:::date-rfc3339%\\t%msg%\\n")
ruleset(name="zeeksmtp") {{ action(type="omfile" file="{home}/got" template="row") }}
input(type="imudp" address="127.0.0.1" port="{udp}" ruleset="zeeksmtp")
input(type="imtcp" address="127.0.0.1" port="{tcp}" ruleset="zeeksmtp")
"""


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[tuple[Path, int, int]]:
    """Run rsyslogd in the foreground; give its file and its ports for UDP and TCP."""
    udp, tcp = free_port(), free_port()
    (tmp_path / "rsyslog.conf").write_text(CONFIG.format(home=tmp_path, udp=udp, tcp=tcp))
    words = [RSYSLOGD, "-n", "-f", str(tmp_path / "rsyslog.conf"), "-i", str(tmp_path / "pid")]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait((tmp_path / "pid").exists)
        time.sleep(0.5)
        assert process.poll() is None
        yield tmp_path / "got", udp, tcp
    finally:
        process.terminate()
        process.wait(20)


def _wait(ready: Callable[[], bool], seconds: float = 10) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not ready():
        time.sleep(0.05)


@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_rsyslog_reads_what_was_sent(way: str, collector: tuple[Path, int, int]) -> None:
    got, udp, tcp = collector
    port = udp if way == "udp" else tcp
    send("syslog", envelope(), settings(syslog={"to": f"{way}://127.0.0.1:{port}", "facility": "local3"}))
    _wait(lambda: got.exists() and got.read_text().count("\n") >= len(IDS))
    rows = [line.split("\t") for line in got.read_text().splitlines()]
    assert [json.loads(row[5])["id"] for row in rows] == IDS
    assert {row[0] for row in rows} == {"zeeksmtp"}
    assert rows[0][1:5] == ["incident", "local3", "crit", "2026-11-24T07:00:00.000000Z"]
