"""Guards the session: its TLS state from whatever logs are there, and that one connection counts once."""

from typing import Any

import pytest

from tests.facts.tables import CONNECTION, LINE, fact

SF = CONNECTION | {"conn_state": "SF"}
ON_465 = {"port": 465}


def tls(**logs: Any) -> bool | None:
    (row,) = fact("session", **logs)
    return row["tls"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        ({"conn": [SF | {"service": "smtp"}]}, False),
        ({"conn": [SF | {"service": "smtp,ssl"}]}, True),
        ({"conn": [SF | {"service": "ssl,smtp"}]}, True),
        ({"conn": [SF]}, None),
        ({"conn": [SF | ON_465 | {"service": "ssl"}]}, True),
        ({"conn": [SF | ON_465]}, None),
        ({"smtp": [LINE | {"trans_depth": 1, "tls": True}]}, True),
        ({"smtp": [LINE | {"trans_depth": 1, "tls": False}]}, False),
        ({"smtp": [LINE | {"trans_depth": 1, "last_reply": "220 2.0.0 Ready to start TLS"}]}, True),
        ({"smtp": [LINE | {"trans_depth": 1, "last_reply": "220 2.0.0 Ready to start TLS", "tls": False}]}, False),
        ({"smtp": [LINE | {"trans_depth": 1, "last_reply": "250 2.0.0 Ok: queued as 1"}]}, None),
        ({"smtp_session": [LINE | {"tls": True}]}, True),
        ({"conn": [SF | {"service": "smtp"}], "smtp_session": [LINE | {"tls": True}]}, True),
    ],
)
def test_tls_without_ssl_log_is_what_the_other_logs_tell(logs: dict[str, Any], expected: bool | None) -> None:
    assert tls(**logs) is expected


@pytest.mark.parametrize(("established", "expected"), [(True, True), (False, False)])
def test_ssl_log_decides_whether_tls_came_up(established: bool, expected: bool) -> None:
    logs = {"smtp_session": [LINE | {"tls": True}], "ssl": [LINE | {"ts": "1s", "established": established}]}
    assert tls(**logs) is expected


def test_starttls_without_a_handshake_in_ssl_log_is_no_tls() -> None:
    other = LINE | {"uid": "C2", "client_port": 40002, "ts": "2s", "established": True}
    found = fact("session", smtp_session=[LINE | {"tls": True}], ssl=[other])
    assert {row["uid"]: row["tls"] for row in found} == {"C1": False, "C2": True}


def test_tls_on_a_port_that_ssl_rows_are_not_kept_for() -> None:
    odd = {"port": 10025, "service": "smtp,ssl"}
    other = LINE | {"uid": "C2", "client_port": 40002, "established": True}
    found = fact("session", conn=[SF | odd], ssl=[other])
    assert {row["uid"]: row["tls"] for row in found} == {"C1": True, "C2": True}


@pytest.mark.parametrize("state", ["S0", "REJ", "RSTOS0", "SH"])
def test_a_connection_that_never_came_about_is_a_contact_not_a_session(state: str) -> None:
    conn = [CONNECTION | {"conn_state": state}]
    assert fact("session", conn=conn) == []
    (contact,) = fact("contact", conn=conn)
    assert contact["outcome"] == "failed"


def test_two_sensors_and_a_copy_count_once() -> None:
    conn = [SF | {"uid": uid, "ts": "5s", "service": "smtp"} for uid in ("CsensorB", "CsensorA", "CsensorA")]
    mails = [
        LINE | {"uid": uid, "ts": "6s", "trans_depth": 1, "mailfrom": "a@b.example", "rcptto": ["c@d.example"]}
        for uid in ("CsensorB", "CsensorA", "CsensorA")
    ]
    (session,) = fact("session", conn=conn, smtp=mails)
    (message,) = fact("message", conn=conn, smtp=mails)
    assert session["uid"] == message["uid"] == "CsensorA"


def test_the_same_uid_of_other_ends_is_another_connection() -> None:
    conn = [SF | {"ts": "5s"}, SF | {"ts": "5s", "client": "10.0.1.6"}]
    assert len(fact("session", conn=conn)) == 2


def test_stock_logs_alone_give_a_session() -> None:
    (row,) = fact(
        "session", conn=[SF | {"service": "smtp", "orig_bytes": 900}], smtp=[LINE | {"helo": "ws", "trans_depth": 1}]
    )
    assert (row["helo"], row["orig_bytes"], row["seen"], row["starttls_offered"]) == ("ws", 900, False, None)


def test_udp_on_an_smtp_port_is_no_session() -> None:
    assert fact("session", conn=[SF | {"proto": "udp"}]) == []
