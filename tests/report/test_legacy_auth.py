"""Guards the table of what breaks when mail providers end passwords."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.cases import DETECTORS
from tests.facts.tables import facts
from zeeksmtp.model import Context, LegacyAuth
from zeeksmtp.report.legacy_auth import legacy_auth_of

PRINTER: dict[str, Any] = {"uid": "P", "client": "10.0.1.200", "client_port": 1, "server": "40.101.1.2", "port": 587}
GMAIL = PRINTER | {"uid": "G", "server": "142.251.1.108", "port": 465}
DIRECT = PRINTER | {"uid": "D", "client": "10.0.1.201", "server": "104.47.9.36", "port": 25}
MAIL = {"trans_depth": 1, "mailfrom": "scan@corp.example", "rcptto": ["boss@corp.example"]}
REFUSED = {"last_reply": "550 5.7.68 TenantInboundAttribution; Direct Send not allowed"}
TLS = {"version": "TLSv12", "established": True}


def rows(**logs: list[dict[str, Any]]) -> tuple[LegacyAuth, ...]:
    """Return the rows of the table over rows of logs."""
    context = Context(params={name: detector.params() for name, detector in DETECTORS.items()})
    return legacy_auth_of(facts(logs), context, lambda plan: plan.collect()).rows


def test_what_was_refused_comes_first_and_only_smtp_auth_to_exchange_has_an_end() -> None:
    found = rows(ssl=[PRINTER | TLS, GMAIL | TLS], smtp=[DIRECT | MAIL | REFUSED])
    assert [(row.client, row.provider, row.method, row.ends) for row in found] == [
        ("10.0.1.201", "Exchange Online", "direct send", None),
        ("10.0.1.200", "Exchange Online", "SMTP AUTH", date(2026, 12, 31)),
        ("10.0.1.200", "Google", "SMTP AUTH", None),
    ]
    assert (found[0].replies, found[0].accounts) == (("5.7.68",), ("scan@corp.example",))
    assert (found[1].tls_versions, found[1].tls_sessions, found[1].port) == (("TLSv12",), 1, 587)


def test_without_such_servers_there_is_no_row() -> None:
    assert rows(ssl=[PRINTER | TLS | {"server": "198.51.100.9"}]) == ()
