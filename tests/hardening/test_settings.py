"""Settings are accepted by the programs that they are for, do what they say, and take nothing logged but addresses."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import get_args

import polars as pl
import pytest

import zeeksmtp.detectors
import zeeksmtp.hardening
from tests.findings import plain
from tests.outputs._reports import HOSTILE
from zeeksmtp import registry
from zeeksmtp.hardening import PURPOSES, Firewall, MailServer
from zeeksmtp.model import Detector, Finding, Hosts, Incident, ReadySettings, Weakness
from zeeksmtp.report.hardening import MAX_BLOCKED, Hardening, software_of

SERVERS: dict[str, MailServer] = dict(registry.discover(zeeksmtp.hardening, "SERVER"))
FIREWALLS: dict[str, Firewall] = dict(registry.discover(zeeksmtp.hardening, "FIREWALL"))
DETECTORS: dict[str, Detector] = {unit.id: unit for unit in registry.discover(zeeksmtp.detectors, "DETECTOR").values()}
GREETINGS = {
    "mx.corp.example ESMTP Postfix (Debian/GNU)": "Postfix",
    "mx.corp.example ESMTP Exim 4.96 Mon, 23 Nov 2026 06:00:00 +0000": "Exim",
    "mx.corp.example ESMTP Sendmail 8.17.1/8.17.1; Mon, 23 Nov 2026": "Sendmail",
    "ex.corp.example Microsoft ESMTP MAIL Service ready at Mon, 23 Nov 2026": "Exchange",
    "mx.corp.example Dovecot ready.": "Dovecot",
    "mx.corp.example ESMTP OpenSMTPD": "OpenSMTPD",
    "mx.corp.example ESMTP": None,
}
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def program(name: str) -> str:
    """Return the path of a program; without it the test is skipped."""
    found = shutil.which(name, path=PATH)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def lines_of(server: str, *weaknesses: Weakness) -> list[str]:
    recipes = SERVERS[server].recipes
    return [line for weakness in weaknesses or recipes for line in recipes[weakness].lines]


def ran(*words: object, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, words)], input=text, capture_output=True, text=True, timeout=60, check=False)


def test_every_unit_has_a_purpose_for_what_it_offers() -> None:
    assert len(SERVERS) >= 6 and len(FIREWALLS) >= 2
    assert set(PURPOSES) == set(get_args(Weakness))
    assert all(server.recipes and set(server.recipes) < set(PURPOSES) for server in SERVERS.values())


def test_postfix_knows_every_parameter(tmp_path: Path) -> None:
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\n" + "\n".join(lines_of("postfix")) + "\n")
    (tmp_path / "master.cf").touch()
    ended = ran(program("postconf"), "-c", tmp_path, "-n")
    assert ended.returncode == 0 and "warning" not in ended.stderr
    assert all(line in ended.stdout.splitlines() for line in lines_of("postfix"))


def _exim(tmp_path: Path) -> Path:
    main = lines_of("exim", "auth-before-tls", "address-disclosure", "old-tls")
    first, *rest = lines_of("exim", "password-guessing")
    recipients = ["check_rcpt:", *(f"  {line}" for line in lines_of("exim", "recipient-probing")), "  deny"]
    text = [*main, first, "acl_smtp_rcpt = check_rcpt", "begin acl", *rest, *recipients]
    text += [
        "begin authenticators",
        "plain:",
        "  driver = plaintext",
        "  public_name = PLAIN",
        "  server_condition = true",
    ]
    config = tmp_path / "exim.conf"
    config.write_text("\n".join(text) + "\n")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    return config


def test_exim_takes_them_and_keeps_addresses_and_auth_to_itself(tmp_path: Path) -> None:
    exim, config = program("exim"), _exim(tmp_path)
    assert ran(exim, "-C", config, "-bV").returncode == 0
    dialogue = "EHLO x\r\nVRFY root@localhost\r\nEXPN root\r\nMAIL FROM:<a@b.example>\r\n"
    dialogue += "".join(f"RCPT TO:<u{n}@b.example>\r\n" for n in range(9)) + "QUIT\r\n"
    said = ran(exim, "-C", config, "-bh", "203.0.113.9", text=dialogue).stdout
    assert "250" in said and "AUTH" not in said  # no TLS in this session
    assert "252 Administrative prohibition" in said and "550 Administrative prohibition" in said
    assert "too many unknown recipients" in said


def test_sendmail_macros_become_options(tmp_path: Path) -> None:
    m4, folder = (
        program("m4"),
        next(filter(Path.exists, map(Path, ("/usr/share/sendmail/cf", "/usr/share/sendmail-cf"))), None),
    )
    if folder is None:
        pytest.skip("sendmail-cf is not installed")
    (tmp_path / "main.mc").write_text(
        "\n".join(["OSTYPE(`linux')dnl", *lines_of("sendmail"), "MAILER(`smtp')dnl"]) + "\n"
    )
    ended = ran(m4, f"-D_CF_DIR_={folder}/", folder / "m4" / "cf.m4", tmp_path / "main.mc")
    options = ("PrivacyOptions=goaway", "AuthOptions=A p y", "BadRcptThrottle=3", "ServerSSLOptions=+SSL_OP_NO_SSLv2")
    assert all(f"\nO {option}" in ended.stdout for option in options)


def test_dovecot_knows_every_setting(tmp_path: Path) -> None:
    config = tmp_path / "dovecot.conf"

    def complaints(lines: Iterable[str]) -> str:
        config.write_text("\n".join(lines) + "\n")
        return ran(program("doveconf"), "-n", "-c", config).stderr

    assert "Unknown setting" in complaints([*lines_of("dovecot"), "ssl_never = required"])
    said = complaints(lines_of("dovecot"))
    assert str(config) not in said or "default_login_user" in said  # the user is made with the package
    assert "Unknown setting" not in said and "Invalid" not in said


def test_opensmtpd_takes_them(tmp_path: Path) -> None:
    config = tmp_path / "smtpd.conf"
    listeners = [line.replace("egress", "127.0.0.1") for line in lines_of("opensmtpd")]
    config.write_text(
        "\n".join(['pki "p" cert "/dev/null"', *listeners, 'action "l" mbox', 'match for local action "l"'])
    )
    assert "syntax error" not in ran(program("smtpd"), "-n", "-f", config).stderr


@pytest.mark.parametrize(
    ("ipv4", "ipv6"),
    [
        ([IPv4Address("203.0.113.9"), IPv4Address("203.0.113.10")], [IPv6Address("2001:db8::9")]),
        ([IPv4Address("203.0.113.9")], []),
        ([], [IPv6Address("2001:db8::9")]),
    ],
)
def test_nft_takes_the_rules_again_and_again(ipv4: list[IPv4Address], ipv6: list[IPv6Address], tmp_path: Path) -> None:
    nft = program("nft")
    if ran(nft, "-c", "-f", "-", text="table inet x { }").returncode:
        pytest.skip("nft needs the rights to look at the kernel")
    rules = tmp_path / "rules.nft"
    rules.write_text("\n".join(FIREWALLS["nftables"].rules(ipv4, ipv6)) + "\n")
    ended = ran(nft, "-c", "-f", rules)
    assert ended.returncode == 0, ended.stderr


def greeted(*banners: str) -> dict[str, pl.LazyFrame]:
    return {"server": pl.LazyFrame({"server": [f"10.0.0.{n}" for n, _ in enumerate(banners)], "banner": banners})}


def hardening(software: Mapping[str, tuple[str, ...]], *hosts: tuple[str, str, bool]) -> Hardening:
    return Hardening(DETECTORS, Hosts(hosts), software)


def test_the_greeting_names_the_software() -> None:
    servers = [f"10.0.0.{n}" for n, _ in enumerate(GREETINGS)]
    found = software_of([plain(servers=servers)], greeted(*GREETINGS), lambda plan: plan.collect())
    assert found == {f"10.0.0.{n}": (name,) if name else () for n, name in enumerate(GREETINGS.values())}


def _finding(**more: object) -> Finding:
    return plain(detector="user-enumeration", clients=("203.0.113.9",), servers=("10.0.0.1",), **more)


def _incident(*findings: Finding) -> Incident:
    one = findings[0]
    return Incident(
        id="a" * 16, title="t", severity=one.severity, score=1, score_parts={}, stages=(), first=one.first,
        last=one.last, clients=one.clients, servers=one.servers, accounts=(), findings=tuple(f.id for f in findings),
        outcome="", timeline=(), actions=(), uids=(),
    )  # fmt: skip


def test_only_servers_and_attackers_that_are_known_for_it() -> None:
    own = hardening({"10.0.0.1": ("Postfix",), "198.51.100.1": ("Exim",)}, ("10.0.0.1", "relay", True),
                    ("198.51.100.1", "relay", False), ("203.0.113.9", "other", False), ("203.0.113.10", "relay", False),
                    ("10.0.0.9", "scanner", True))  # fmt: skip
    clients = ("203.0.113.9", "203.0.113.10", "10.0.0.9", "192.0.2.1")
    found = plain(detector="user-enumeration", clients=clients, servers=("10.0.0.1", "198.51.100.1"))
    ((incident,), (finding,)) = own.hardened([_incident(found)], [found])
    assert finding.settings == ()  # the incident has them
    assert {(one.software, one.hosts) for one in incident.settings if one.hosts} == {("Postfix", ("10.0.0.1",))}
    rules = "\n".join(line for one in incident.settings if not one.hosts for line in one.lines)
    # Neither a relay, nor the site's own scanner, nor a host of which nothing is known is blocked.
    assert "203.0.113.9" in rules and not any(client in rules for client in clients[1:])


@pytest.mark.parametrize(
    ("verbs", "purposes"),
    [
        (("RCPT",), {"recipient-probing"}),
        (("VRFY or EXPN",), {"address-disclosure"}),
        (("VRFY or EXPN", "RCPT"), {"address-disclosure", "recipient-probing"}),
    ],
)
def test_a_harvest_by_one_command_changes_no_other(verbs: tuple[str, ...], purposes: set[Weakness]) -> None:
    own = hardening({"10.0.0.1": ("Postfix",)}, ("10.0.0.1", "relay", True))
    found = _finding(evidence={"details": ({"name": "verbs", "values": verbs},)})
    assert {one.purpose for one in own.of_findings([found])} == {PURPOSES[name] for name in purposes}


def test_a_finding_in_no_incident_has_its_own() -> None:
    own = hardening({"10.0.0.1": ("Exim",)}, ("10.0.0.1", "relay", True), ("203.0.113.9", "other", False))
    _, (finding,) = own.hardened([], [_finding()])
    assert {one.software for one in finding.settings} == {"Exim"}
    _, (symptom,) = own.hardened([], [_finding(symptom_of="b" * 16)])
    assert symptom.settings == ()


def test_nothing_logged_reaches_a_setting_but_an_address() -> None:
    clients = (*HOSTILE, "203.0.113.9; reboot", "203.0.113.9\n}", "fe80::1%eth0; reboot", "2001:DB8::9", "203.0.113.9")
    names = tuple(f"{text} Postfix" for text in HOSTILE)
    own = hardening(dict.fromkeys(names, ("Postfix",)) | {"10.0.0.1": ("Postfix",)},
                    *((client, "other", False) for client in clients))  # fmt: skip
    found = plain(detector="password-guessing", clients=clients, servers=(*names, "10.0.0.1"), accounts=HOSTILE)
    settings = own.hardened([_incident(found)], [found])[0][0].settings
    written = "\n".join(_lines(settings))
    assert "203.0.113.9" in written and "2001:db8::9" in written and "reboot" not in written and "fe80" not in written
    constant = {line for name in SERVERS for line in lines_of(name)}
    lines = set(_lines(settings)) - constant
    for firewall in FIREWALLS.values():
        lines -= set(firewall.rules([IPv4Address("203.0.113.9")], [IPv6Address("2001:db8::9")]))
    assert lines == set()


def _lines(settings: Iterable[ReadySettings]) -> list[str]:
    return [line for one in settings for line in one.lines]


def test_rules_are_bounded() -> None:
    clients = tuple(f"203.0.{n // 250}.{n % 250 + 1}" for n in range(3 * MAX_BLOCKED))
    own = hardening({}, *((client, "other", False) for client in clients))
    found = plain(detector="password-spray", clients=clients, servers=("10.0.0.1",))
    nft = next(one for one in own.against([found]) if one.software == "nftables")
    assert sum(line.strip().startswith("203.0.") for line in nft.lines) == MAX_BLOCKED
