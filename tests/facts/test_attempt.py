"""Guards runs of sessions with mail: the tests on attempts count what lies between attempts, in order of time."""

from typing import Any

import pytest

from tests.facts.tables import fact

_MAIL = {"trans_depth": 1, "mailfrom": "a@x.example", "rcptto": ["b@corp.example"], "fuids": ["F1"]}


def _connection(number: int, minute: int, client: str = "203.0.113.5", **more: Any) -> dict[str, Any]:
    """Return a connection in clear with a submission port; without a mail it has the shape of a failed login."""
    shape = {
        "proto": "tcp",
        "service": "smtp",
        "conn_state": "SF",
        "orig_bytes": 60,
        "resp_bytes": 400,
        "orig_pkts": 12,
    }
    parties = {"client": client, "client_port": 40000 + number, "server": "10.0.0.25", "port": 587}
    return {"uid": f"C{number}", "ts": f"{minute}m", **parties, **shape, **more}


def _line(conn: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {name: conn[name] for name in ("uid", "ts", "client", "client_port", "server", "port")} | _MAIL | more


def _runs(conns: list[dict[str, Any]], lines: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    rows = fact("attempt", conn=conns, smtp=lines)
    return [(row["client"], row["kind"], row["tries"]) for row in sorted(rows, key=lambda row: (row["ts"], row["uid"]))]


def test_sessions_with_mail_are_runs_between_the_attempts_of_a_pair() -> None:
    conns = [_connection(n, n) for n in range(6)]
    lines = [_line(conns[n]) for n in (0, 1, 2, 4, 5)]
    client = "203.0.113.5"
    assert _runs(conns, lines) == [(client, "mail", 3), (client, "login", 1), (client, "mail", 2)]


def test_a_failed_login_of_another_client_ends_a_run_as_they_are_tested_together() -> None:
    conns = [_connection(0, 0), _connection(1, 1, "203.0.113.9"), _connection(2, 2)]
    lines = [_line(conns[0]), _line(conns[2])]
    kinds = [("203.0.113.5", "mail", 1), ("203.0.113.9", "login", 1), ("203.0.113.5", "mail", 1)]
    assert _runs(conns, lines) == kinds


@pytest.mark.parametrize("also_mails", [True, False])
def test_a_rejected_recipient_ends_a_run_as_it_is_a_trial_of_the_same_test(also_mails: bool) -> None:
    conns = [_connection(n, n) for n in range(3)]
    rejected = _line(conns[1], trans_depth=2, fuids=[], last_reply="550 5.1.1 User unknown")
    lines = [_line(conns[0]), *([_line(conns[1])] if also_mails else []), rejected, _line(conns[2])]
    mails = [(kind, tries) for _, kind, tries in _runs(conns, lines) if kind == "mail"]
    assert mails == [("mail", 1)] * (3 if also_mails else 2)


def test_days_have_runs_of_their_own() -> None:
    conns = [_connection(n, n * 12 * 60) for n in range(4)]
    client = "203.0.113.5"
    assert _runs(conns, [_line(conn) for conn in conns]) == [(client, "mail", 2), (client, "mail", 2)]
