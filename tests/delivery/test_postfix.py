"""Once with Postfix, the server that many sites run: an instance of its own, on a high port of this machine."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from tests.delivery._envelopes import envelope, mail
from tests.delivery._servers import Certificate, free_port
from zeeksmtp.delivery import send
from zeeksmtp.errors import DeliveryError
from zeeksmtp.model import View

POSTFIX = shutil.which("postfix", path="/usr/sbin:/usr/local/sbin:/usr/bin")
MAIN = """\
compatibility_level = 3.6
myhostname = localhost
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
virtual_mailbox_domains = corp.example
virtual_mailbox_base = {home}/boxes
virtual_mailbox_maps = inline:{{ soc@corp.example=soc/ }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
default_database_type = texthash
alias_maps =
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
"""


def _start(home: Path, certificate: Certificate, port: int) -> list[str]:
    """Start an instance whose every file is below `home`; give the command that speaks to it."""
    postfix = pwd.getpwnam("postfix")
    home.chmod(0o755)
    for folder in ("config", "queue", "data", "boxes"):
        (home / folder).mkdir(mode=0o755)
    for folder in ("data", "boxes"):
        os.chown(home / folder, postfix.pw_uid, postfix.pw_gid)
    pem, key = (Path(shutil.copy(file, home / "config")) for file in (certificate.pem, certificate.key))
    names = {"home": home, "cert": pem, "key": key, "uid": postfix.pw_uid, "gid": postfix.pw_gid}
    (home / "config" / "main.cf").write_text(MAIN.format(**names))
    (home / "config" / "master.cf").write_text(MASTER.format(port=port))
    command = [str(POSTFIX), "-c", str(home / "config")]
    done = subprocess.run([*command, "start"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return command


def _ready(port: int) -> None:
    for _ in range(100):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("postfix does not listen")


@pytest.fixture
def home(good: Certificate) -> Iterator[tuple[Path, int]]:
    """Run Postfix; give the folder of its files, and its port."""
    if POSTFIX is None:
        pytest.skip("postfix is not installed")
    if os.geteuid() != 0:
        pytest.skip("postfix starts as root only")
    assert grp.getgrnam("postdrop")
    port = free_port()
    # Not below pytest's own folder: that is closed to the user that Postfix runs as.
    with tempfile.TemporaryDirectory(prefix="zeeksmtp-postfix-") as folder:
        command = _start(Path(folder), good, port)
        try:
            _ready(port)
            yield Path(folder), port
        finally:
            subprocess.run([*command, "stop"], capture_output=True, timeout=60, check=True)


def _arrived(folder: Path, number: int) -> list[bytes]:
    box = folder / "boxes" / "soc" / "new"
    for _ in range(200):
        if box.is_dir() and len(found := sorted(box.iterdir())) >= number:
            return [file.read_bytes() for file in found]
        time.sleep(0.1)
    pytest.fail((folder / "log").read_text() if (folder / "log").exists() else "no log")


def test_postfix_takes_the_report_and_delivers_it(home: tuple[Path, int], good: Certificate) -> None:
    folder, port = home
    settings = mail(port, tls="starttls", ca_file=good.pem)
    for _ in range(2):
        send("mail", envelope("2 new: Größe \r\nBcc: x@evil.example"), settings)
    first, second = (message_from_bytes(raw, policy=default) for raw in _arrived(folder, 2))
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Subject"].split() == ["2", "new:", "Größe", "\\x0d\\x0aBcc:", "x@evil.example"]
    assert first["Bcc"] is None
    assert first["Return-Path"] == "<zeeksmtp@corp.example>"
    assert "with ESMTPS" in str(first["Received"])
    text, page = first.iter_parts()
    assert text.get_content().split() == envelope().render("terminal", View()).split()
    assert page.get_content().split() == envelope().render("html", View()).split()


def test_postfix_refuses_what_it_should(home: tuple[Path, int], good: Certificate) -> None:
    _, port = home
    with pytest.raises(DeliveryError, match=r"MAIL FROM: 530 5\.7\.0 Must issue a STARTTLS command first"):
        send("mail", envelope(), mail(port))
    with pytest.raises(DeliveryError, match=r"RCPT TO nobody@corp\.example: 550 5\.1\.1"):
        send("mail", envelope(), mail(port, tls="starttls", ca_file=good.pem, to=("nobody@corp.example",)))
    with pytest.raises(DeliveryError, match="certificate refused"):
        send("mail", envelope(), mail(port, tls="starttls"))
