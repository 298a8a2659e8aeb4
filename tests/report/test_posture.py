"""Guards the posture tables: who speaks in clear with whom, within the window only; names and behaviour of hosts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from tests.cases import BASE
from tests.facts.tables import CONNECTION, LINE, facts
from tests.findings import plain
from zeeksmtp.assets import Inventory
from zeeksmtp.model import Posture, Window
from zeeksmtp.report.behaviour import behaviours_of
from zeeksmtp.report.names import NameSources, names_of
from zeeksmtp.report.overview import posture_of

ABROAD: dict[str, Any] = {"client": "10.0.1.5", "server": "198.51.100.7", "port": 587}
INBOUND: dict[str, Any] = {"client": "203.0.113.9", "server": "10.0.0.25", "port": 25}


def collect(plan: pl.LazyFrame) -> pl.DataFrame:
    return plan.collect()


def session(n: int, hours: int = 0, *, tls: bool = False, **changes: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a session with one mail, in TLS or in clear, to a server that offers STARTTLS."""
    ends = LINE | {"uid": f"C{n}", "client_port": n, "ts": f"{hours}h{n}m"} | changes
    spoken = {"helo": f"host{n}", "banner": "mx.corp.example ESMTP", "starttls_offered": True, "tls": tls}
    mail = {"mailfrom": "a@corp.example", "rcptto": ["b@partner.example"], "trans_depth": 1, "fuids": ["F1"]}
    return {
        "conn": [CONNECTION | ends | {"conn_state": "SF", "service": "smtp,ssl" if tls else "smtp"}],
        "smtp_session": [ends | spoken | {"mail": 0 if tls else 1, "auth_attempts": 0}],
        "smtp": [] if tls else [ends | mail | {"tls": False}],
    }


def tables(*sessions: dict[str, list[dict[str, Any]]], window: Window | None = None) -> dict[str, pl.LazyFrame]:
    logs = {log: [row for rows in sessions for row in rows[log]] for log in ("conn", "smtp_session", "smtp")}
    return facts(logs, window=window)


def posture(*sessions: dict[str, list[dict[str, Any]]], window: Window | None = None) -> Posture:
    found, _ = posture_of(tables(*sessions, window=window), collect)
    return found


def test_a_client_of_the_site_is_a_row_and_an_outside_one_is_not() -> None:
    found = posture(session(1, **ABROAD), session(2, tls=True, **ABROAD), session(3, **INBOUND))
    assert found.clients.total == 1
    (client,) = found.clients.rows
    assert (client.client, client.servers, client.sessions, client.tls_sessions) == ("10.0.1.5", 1, 2, 1)
    assert (client.starttls_unused, client.cleartext_mails, client.cleartext_logins) == (1, 1, 0)


def test_pairs_with_most_sessions_in_clear_come_first() -> None:
    found = posture(session(1, **ABROAD), session(2, **INBOUND), session(3, **INBOUND), session(4, tls=True, **ABROAD))
    assert found.pairs.total == 2
    assert [(p.client, p.server, p.port, p.direction, p.cleartext_mails) for p in found.pairs.rows] == [
        ("203.0.113.9", "10.0.0.25", 25, "inbound", 2),
        ("10.0.1.5", "198.51.100.7", 587, "outbound", 1),
    ]
    assert (found.sessions, found.tls_sessions) == (4, 1)


def test_tls_that_no_log_tells_is_unknown() -> None:
    mail = LINE | {"trans_depth": 1, "mailfrom": "a@x.example", "last_reply": "250 2.0.0 Ok: queued as 1"}
    unknown, _ = posture_of(facts({"smtp": [mail]}), collect)
    rows = (unknown, *unknown.servers, *unknown.clients.rows, *unknown.pairs.rows)
    assert [(row.sessions, row.tls_sessions) for row in rows] == [(1, None)] * 4
    known, _ = posture_of(facts({"smtp": [mail | {"tls": False}]}), collect)
    assert known.tls_sessions == 0


def test_few_rows_are_listed_and_all_are_counted() -> None:
    found = posture(*(session(n, **INBOUND | {"client": f"203.0.113.{n}"}) for n in range(1, 131)))
    assert (found.pairs.total, len(found.pairs.rows)) == (130, 100)


def test_the_window_counts() -> None:
    sessions = [session(1, **ABROAD), session(2, hours=48, tls=True, **ABROAD)]
    later = posture(*sessions, window=Window(since=BASE + timedelta(hours=24)))
    assert (later.sessions, later.tls_sessions) == (1, 1)
    assert [pair.cleartext_mails for pair in later.pairs.rows] == [0]
    assert [server.sessions for server in later.servers] == [1]


def test_hosts_of_findings_have_the_names_that_the_logs_have() -> None:
    known = tables(session(1, **INBOUND), session(2, **ABROAD))
    named = names_of(["203.0.113.9", "10.0.0.25"], NameSources(known, collect, Inventory(), None))
    assert {host: [(n.name, n.source) for n in names] for host, names in named.items()} == {
        "10.0.0.25": [("mx.corp.example", "banner")],
        "203.0.113.9": [("host1", "helo")],
    }


def test_a_client_that_changes_its_name_all_the_time_has_none() -> None:
    many = tables(*(session(n, **INBOUND) for n in range(1, 9)))
    finding = plain(clients=("203.0.113.9",), servers=("10.0.0.25",))
    assert "203.0.113.9" not in names_of(["203.0.113.9"], NameSources(many, collect, Inventory(), None))
    assert behaviours_of([finding], many, collect)[finding.id].helo_names == frozenset()


def test_behaviour_is_that_of_the_findings_own_sources() -> None:
    known = tables(session(1, **INBOUND), session(2, **ABROAD))
    finding = plain(clients=("203.0.113.9",), servers=("10.0.0.25",))
    assert behaviours_of([finding], known, collect)[finding.id].helo_names == {"host1"}
    assert behaviours_of([plain(severity="low", clients=("203.0.113.9",))], known, collect) == {}
