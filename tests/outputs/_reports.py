"""Reports to look at: one that has everything in it, hostile strings included, one with nothing, one for any text."""

from datetime import UTC, datetime, timedelta
from typing import Any

from zeeksmtp.model import Report

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "[bold]mark[/bold] :smile:",
    "\u202egnp.exe",
    "a\u200bb\ufeff",
    "<script>alert(1)</script>",
    "[x](http://evil.example/) ![y](z)",
    "`| a | b |`",
    "**x** _y_ ~~z~~ # 1",
    "line\r\nbreak\u2028here",
    "\x9b2J\x7f",
    "=cmd|' /C calc'!A0",
    "",
)


INCIDENT = "00000000000000aa"
COUNTED = ("senders", "clients", "recipient_domains", "refusals")
REMEDY = "Sendmail: define(`confAUTH_OPTIONS', `A p y')"


def at(minutes: float) -> datetime:
    """Return the time that lies so many minutes after the start of the example."""
    return START + timedelta(minutes=minutes)


def finding(number: int, **changes: Any) -> dict[str, Any]:
    """Return a finding to change."""
    plain = {
        "id": f"{number:016x}",
        "detector": "cleartext-credentials",
        "title": "Password sent in clear",
        "severity": "critical",
        "confidence": "high",
        "attack": ("T1040", "T1078"),
        "first": at(1),
        "last": at(90),
        "count": 3,
        "clients": ("10.0.1.5",),
        "servers": ("198.51.100.25",),
        "accounts": ("alice@corp.example",),
        "evidence": {"details": ({"name": "mechanisms", "values": ("LOGIN", "PLAIN")},)},
        "uids": ("CzA1", "CzA2"),
        "summary": "10.0.1.5 sent the password of alice@corp.example to 198.51.100.25 without TLS, 3 times.",
        "action": "Change the password of alice@corp.example; require TLS before AUTH.",
    }
    return plain | changes


def _findings() -> list[dict[str, Any]]:
    tested = {
        "terms": (
            {"name": "distinct_names", "value": 412, "weight": 0.5},
            {"name": "confirmed", "value": 2, "weight": 1.0},
            {"name": "sources", "value": 1, "weight": 0.0},
        ),
        "details": ({"name": "confirmed", "values": ("bob", "carol", *HOSTILE)}, {"name": "unused", "values": ()}),
        "test": {"score": 41.25, "threshold": 13.8155, "trials": 412, "bad": 400, "alarm_at": at(7)},
    }
    return [
        finding(1),
        finding(2, accounts=HOSTILE, summary=" ".join(HOSTILE), title="Password sent in clear"),
        finding(
            3,
            detector="user-enumeration",
            title="User enumeration by VRFY, with confirmed names",
            severity="high",
            attack=("T1589.002",),
            clients=("203.0.113.9", "2001:db8::9"),
            servers=("10.0.0.25",),
            accounts=(),
            count=412,
            evidence=tested,
            summary="203.0.113.9 sent 10.0.0.25 (mx.corp.example) VRFY for 412 names; 2 were confirmed.",
            action="Turn VRFY and EXPN off.",
            state="new",
            basis=("smtp_cmd",),
            replaces=(f"{99:016x}",),
        ),
        finding(
            4,
            detector="auth-offered-in-clear",
            title="Passwords are invited before TLS",
            severity="medium",
            clients=(),
            servers=("10.0.0.25",),
            accounts=(),
            evidence={"details": ({"name": "remedy", "values": (REMEDY,)},)},
            summary="10.0.0.25:587 offers LOGIN and PLAIN before STARTTLS.",
            action=f"Let 10.0.0.25 offer AUTH only inside TLS ({REMEDY}).",
            settings=(_settings(),),
        ),
        finding(5, severity="low", title="Mail without TLS", summary="10.0.0.25 sent 9 mails to 192.0.2.7 in clear."),
        finding(6, severity="info", title="Lone VRFY", summary="10.0.9.9 sent VRFY for one name."),
        finding(
            7,
            detector="starttls-declined",
            title="STARTTLS not used: 10.0.1.5",
            severity="low",
            accounts=(),
            visibility="inferred",
            confidence="low",
            basis=("conn", "smtp"),
            symptom_of=INCIDENT,
            evidence={},
            summary="10.0.1.5 did not use STARTTLS in 4 sessions with 198.51.100.25 (mx.drop.example).",
            action="Let 10.0.1.5 require TLS.",
        ),
    ]


def _settings(**changes: Any) -> dict[str, Any]:
    postfix = {"software": "Postfix", "hosts": ("10.0.0.25",), "purpose": "no AUTH before TLS", "where": "main.cf"}
    return postfix | {"lines": ("smtpd_tls_auth_only = yes",), "check": "postconf -n"} | changes


def _incident() -> dict[str, Any]:
    return {
        "id": INCIDENT,
        "title": "Cleartext password: account alice@corp.example (10.0.1.5 → 198.51.100.25)",
        "severity": "critical",
        "score": 87,
        "score_parts": {"severity": 40, "stages": 30, "breadth": 17},
        "stages": ("recon", "exposure"),
        "first": at(1),
        "last": at(1500),
        "clients": ("10.0.1.5", "203.0.113.9"),
        "servers": ("198.51.100.25",),
        "accounts": ("alice@corp.example", *HOSTILE),
        "findings": (f"{1:016x}", f"{3:016x}"),
        "symptoms": {"starttls-declined": 12, "blocklisted-sender": 1},
        "campaign": {
            "technique": "User enumeration",
            "sources": ("203.0.113.9", "2001:db8::9"),
            "source_count": 31,
            "networks": ("203.0.113.0/24", "2001:db8::/64"),
            "targets": ("10.0.0.25",),
        },
        "outcome": f"2 addresses confirmed as valid: bob, carol. {HOSTILE[2]}",
        "timeline": (
            {"time": at(1), "finding": f"{1:016x}", "text": f"10.0.1.5 sent a password in clear. {HOSTILE[0]}"},
            {"time": at(7), "finding": f"{3:016x}", "text": f"412 names probed at mx.corp.example. {HOSTILE[5]}"},
        ),
        "actions": (
            {"owner": "site", "text": f"Change the password of alice@corp.example. {HOSTILE[4]}"},
            {"owner": "site", "text": "Turn VRFY and EXPN off on 10.0.0.25."},
            {"owner": "outside", "text": "Tell the operator of 198.51.100.25 to offer AUTH only inside TLS."},
        ),
        "settings": (
            _settings(),
            _settings(software="nftables", hosts=(), lines=("table inet x {", "  set y {}", "}")),
        ),
        "uids": ("CzA1", "CzA2", "CzB1"),
    }


def _file(path: str, log: str | None, **changes: Any) -> dict[str, Any]:
    used = {"log": log, "format": "tsv", "kept": 10, "skipped": 90, "first": at(0), "last": at(1500)}
    return {"path": path} | (used if log else {"log": None, "format": None}) | changes


def _days() -> tuple[dict[str, Any], ...]:
    return (
        {"day": START.replace(hour=0), "sessions": 7, "tls_sessions": 1},
        {"day": START.replace(hour=0) + timedelta(days=1), "sessions": 3, "tls_sessions": 3},
    )


def _counts(**counts: int) -> tuple[dict[str, Any], ...]:
    return tuple({"name": name, "count": count} for name, count in counts.items())


def _traffic() -> dict[str, Any]:
    spammers = {f"customer.service{n:02}@some-shop.example": 90 - n for n in range(9)}
    hours = {f"{hour:02}": {6: 9, 7: 1200}.get(hour, 0) for hour in range(24)}
    return {
        "senders": _counts(**{"alice@corp.example": 400, "": 12} | spammers | {HOSTILE[0]: 2}),
        "clients": _counts(**{"10.0.1.5": 1200, "2001:db8:1234:5678:9abc:def0:1234:5678": 9}),
        "recipient_domains": _counts(**{"friends.example": 1000, HOSTILE[5]: 209}),
        "refusals": _counts(**{"550 5.1.1": 31, "451": 2}),
        "hours": _counts(**hours),
    }


def _clients() -> dict[str, Any]:
    counts = {"sessions": 9, "tls_sessions": 2, "starttls_unused": 4, "cleartext_mails": 3, "cleartext_logins": 1}
    pair = {"client": "10.0.1.5", "server": "198.51.100.25", "port": 587, "direction": "outbound"}
    pair |= {"first": at(1), "last": at(90)}
    return {
        "clients": {"total": 41, "rows": ({"client": "10.0.1.5", "servers": 3} | counts,)},
        "pairs": {"total": 77, "rows": (pair | counts,)},
        "legacy_auth": {"total": 3, "rows": (_legacy_auth(),)},
    }


def _legacy_auth() -> dict[str, Any]:
    row = {"client": "10.0.1.200", "provider": "Exchange Online", "port": 587, "method": "SMTP AUTH", "sessions": 3}
    row |= {"tls_sessions": 3, "tls_versions": ("TLSv11",), "accounts": ("scanner@corp.example",)}
    return row | {"replies": ("5.7.30",), "last": at(90), "ends": "2026-12-31"}


def full() -> Report:
    """Return the report that has everything in it."""
    posture = {"server": "10.0.0.25", "port": 587, "sessions": 10, "tls_sessions": 4, "starttls_offered": True}
    posture |= {"auth_offered_in_clear": True, "answers_vrfy": False, "answers_expn": None}
    posture |= {"tls_versions": {"TLSv12": 3, "TLSv13": 1}, "days": _days()}
    posture |= {"ciphers": {"TLS_AES_256_GCM_SHA384": 4}, "weak_tls": 2}
    posture |= {"certificate_expires": at(9000), "certificate_names": ("mail.corp.example", "*.corp.example")}
    return Report.model_validate(
        {
            "run": {"version": "0.1.0", "generated": at(2000), "seconds": 1.9},
            "window": {"first": at(0), "last": at(1500)},
            "inputs": {
                "files": (
                    _file("logs/conn.log", "conn"),
                    _file("logs/smtp_auth.log", "smtp_auth", rejected=2),
                    _file("logs/smtp.\x1b[2Jlog.gz", "smtp", problem="the gz has no trailer: 10 lines were readable"),
                    _file("logs/http.log", None, note="not a log that concerns SMTP"),
                ),
                "totals": {"files": 4, "lines": 302, "kept": 30, "skipped": 270, "rejected": 2},
            },
            "coverage": {
                "logs": {"conn": True, "smtp": True, "smtp_cmd": False, "smtp_auth": True, "ssl": True, "dns": False},
                "notes": ("VRFY and EXPN are not visible: smtp_cmd.log is missing",),
            },
            "posture": {"servers": (posture,), "sessions": 10, "tls_sessions": 4} | _clients(),
            "roles": (
                {"host": "10.0.0.25", "role": "relay", "reason": "its banner says mx.corp.example, and 9 hosts use it"},
                {"host": "10.0.1.5", "role": "workstation", "reason": "uses one relay"},
            ),
            "credentials_to_change": (
                {"account": "alice@corp.example", "server": "198.51.100.25", "last": at(90), "why": f"{1:016x}"},
                {"account": "", "server": "198.51.100.25", "last": at(90), "why": f"{2:016x}"},
            ),
            "volumes": (
                {"client": "10.0.0.25", "hour": at(0), "messages": 9, "recipients": 12, "expected": 8.1, "upper": 21.0},
                {"client": "10.0.1.5", "hour": at(60), "messages": 1200, "recipients": 1200},
            ),
            "traffic": _traffic(),
            "settings": {"alpha": 1e-6, "false_discovery_rate": 0.01, "trials": 12345, "suppressed": 1},
            "findings": _findings(),
            "incidents": (_incident(),),
            "hosts": {
                "10.0.0.25": ({"name": "mx.corp.example", "source": "banner"},),
                "203.0.113.9": ({"name": f"probe.evil.example {HOSTILE[0]}", "source": "helo"},),
            },
            "errors": ({"where": "logs/smtp.\x1b[2Jlog.gz", "what": "the gz has no trailer"},),
        }
    )


def empty() -> Report:
    """Return the report of a run that saw nothing but a stock conn.log without a row."""
    return Report.model_validate(
        {
            "run": {"version": "0.1.0", "generated": at(0), "seconds": 0.1},
            "window": None,
            "inputs": {
                "files": (_file("conn.log", "conn", kept=0, skipped=0, first=None, last=None),),
                "totals": {"files": 1, "lines": 0, "kept": 0, "skipped": 0, "rejected": 0},
            },
            "coverage": {
                "logs": {"conn": True, "smtp": False, "smtp_auth": False, "smtp_cmd": False},
                "notes": ("AUTH, VRFY and EXPN are not visible: smtp_cmd.log and smtp_auth.log are missing",),
            },
            "posture": {"servers": (), "sessions": 0, "tls_sessions": 0},
            "roles": (),
            "credentials_to_change": (),
            "volumes": (),
            "settings": {"alpha": 1e-6, "false_discovery_rate": 0.01, "trials": 0, "suppressed": 0},
            "findings": (),
            "incidents": (),
            "errors": (),
        }
    )


def holding(text: str) -> Report:
    """Return a small report that holds `text` wherever logged text can stand."""
    actors: dict[str, Any] = {
        "first": START,
        "last": START,
        "clients": (text,),
        "servers": (text,),
        "accounts": (text,),
    }
    finding: dict[str, Any] = {
        "id": "0" * 16,
        "detector": "x",
        "title": text,
        "severity": "high",
        "confidence": "low",
        "attack": (),
    }
    finding |= {"count": 1, "uids": (), "summary": text, "action": text} | actors
    finding |= {"evidence": {"details": ({"name": text, "values": (text,)},)}}
    incident: dict[str, Any] = {
        "id": "0" * 16,
        "title": text,
        "severity": "high",
        "score": 1,
        "score_parts": {},
        "stages": (),
    }
    incident |= {"findings": ("0" * 16,), "outcome": text, "uids": ()} | actors
    incident |= {"symptoms": {"x": 2}, "actions": ({"owner": "site", "text": text}, {"owner": "outside", "text": text})}
    incident |= {"timeline": ({"time": START, "finding": "0" * 16, "text": text},)}
    ends: dict[str, Any] = {"sources": (text,), "networks": (text,), "targets": (text,)}
    incident |= {"campaign": {"technique": "Password spraying", "source_count": 2} | ends}
    counts = dict.fromkeys(("sessions", "tls_sessions", "starttls_unused", "cleartext_mails", "cleartext_logins"), 1)
    server = {"server": text, "port": 25, "sessions": 1, "tls_sessions": 1, "tls_versions": {text: 1}}
    server |= {"ciphers": {text: 1}, "certificate_names": (text,), "certificate_expires": START}
    server |= dict.fromkeys(("starttls_offered", "auth_offered_in_clear", "answers_vrfy", "answers_expn"))
    pair = {"client": text, "server": text, "port": 25, "direction": "inbound", "first": START, "last": START}
    legacy = {"client": text, "provider": text, "port": 25, "method": "direct send", "sessions": 1, "tls_sessions": 1}
    legacy |= {"tls_versions": (text,), "accounts": (text,), "replies": (text,), "last": START, "ends": None}
    posture = {
        "servers": (server,),
        "clients": {"total": 2, "rows": ({"client": text, "servers": 1} | counts,)},
        "pairs": {"total": 2, "rows": (pair | counts,)},
        "legacy_auth": {"total": 2, "rows": (legacy,)},
        "sessions": 1,
        "tls_sessions": 1,
    }
    totals = {"files": 1, "lines": 0, "kept": 0, "skipped": 0, "rejected": 0}
    return Report.model_validate(
        {
            "run": {"version": "0", "generated": START, "seconds": 0.0},
            "window": None,
            "inputs": {"files": ({"path": text, "log": None, "format": None, "problem": text},), "totals": totals},
            "coverage": {"logs": {}, "notes": (text,), "unknown_site": text},
            "posture": posture,
            "hosts": {text: ({"name": text, "source": "asset", "owner": text, "contact": text, "role": text},)},
            "changes": {
                "since": at(0),
                "total": 1,
                "rows": ({"kind": "new", "side": "client", "host": text, "port": None, "before": 0, "now": 9},),
            },
            "roles": ({"host": text, "role": "other", "reason": text},),
            "credentials_to_change": ({"account": text, "server": text, "last": START, "why": "0" * 16},),
            "volumes": ({"client": text, "hour": START, "messages": 1, "recipients": 1},),
            "traffic": {kind: ({"name": text, "count": 1},) for kind in COUNTED},
            "settings": {"alpha": 1e-6, "false_discovery_rate": 0.01, "trials": 1, "suppressed": 0},
            "findings": (finding, finding | {"severity": "info"}),
            "incidents": (incident,),
            "errors": ({"where": text, "what": text},),
        }
    )
