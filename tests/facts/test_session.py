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


def test_captures_of_both_ends_are_one_connection() -> None:
    """Each sensor logs all of it, a few milliseconds apart."""
    logs: dict[str, Any] = {"conn": [], "smtp_session": [], "smtp": [], "smtp_auth": []}
    for uid, later in (("CserverB", 0.02), ("CclientA", 0.0)):
        at = LINE | {"uid": uid}
        logs["conn"].append(SF | at | {"ts": later, "service": "smtp"})
        logs["smtp_session"].append(at | {"ts": later, "banner": "mx"})
        logs["smtp"].append(
            at | {"ts": 1 + later, "trans_depth": 1, "mailfrom": "a@b.example", "rcptto": ["c@d.example"]}
        )
        logs["smtp_auth"] += [at | {"ts": 0.5 + later + seq, "seq": seq, "user": "u"} for seq in (1, 2)]
    for name, rows in (("session", 1), ("message", 1), ("auth", 2)):
        found = fact(name, **logs)
        assert len(found) == rows, name
        assert {row["uid"] for row in found} == {"CclientA"}


def test_a_port_that_is_used_again_is_another_connection() -> None:
    conn = [SF | {"uid": uid, "ts": ts, "service": "smtp"} for uid, ts in (("C1", "0s"), ("C2", "5s"))]
    assert len(fact("session", conn=conn)) == 2


def test_sessions_do_not_multiply_where_uids_collide() -> None:
    """Several captures that Zeek read with the same seeds: the same uid, the same ends, other times."""
    times = ("0s", "1h", "2h")
    logs: dict[str, Any] = {log: [LINE | {"ts": ts, "banner": "mx"} for ts in times] for log in ("smtp_session",)}
    logs["conn"] = [SF | {"ts": ts, "service": "smtp"} for ts in times]
    assert len(fact("session", **logs)) <= len(times)
    logs["smtp"] = [LINE | {"ts": ts, "trans_depth": 1, "mailfrom": "a@b.example"} for ts in times]
    assert len(fact("message", **logs)) == len(times)
