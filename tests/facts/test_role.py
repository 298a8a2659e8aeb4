"""Guards what a host is taken for, and that config has the last word."""

from typing import Any

from tests.facts.tables import LINE, fact
from zeeksmtp.model import Site


def roles(rows: list[dict[str, Any]], site: Site | None = None) -> dict[str, str]:
    return {row["host"]: row["role"] for row in fact("role", site, smtp_session=rows)}


def session(client: str, server: str, port: int = 25, n: int = 0, **more: Any) -> dict[str, Any]:
    return LINE | {"uid": f"C{n}", "client_port": n + 1, "client": client, "server": server, "port": port, **more}


def deliveries(days: int, servers: int, **more: Any) -> list[dict[str, Any]]:
    pairs = [(day, n) for day in range(days) for n in range(servers)]
    return [
        session("10.0.0.9", f"198.51.100.{n}", n=day * servers + n, ts=f"{day}d{n}m", **({"helo": "out"} | more))
        for day, n in pairs
    ]


def test_who_answers_on_25_is_a_relay_and_on_587_a_submission_server() -> None:
    found = roles(
        [
            session("10.0.1.5", "10.0.0.25", n=1, banner="mx ESMTP"),
            session("10.0.1.5", "10.0.0.26", 587, n=2, banner="smtp ESMTP"),
        ]
    )
    assert found == {"10.0.0.25": "relay", "10.0.0.26": "submission-server", "10.0.1.5": "workstation"}


def test_a_sender_whose_port_only_scanners_try_is_no_server() -> None:
    submits = session("10.0.1.5", "198.51.100.9", 587, n=1, banner="smtp ESMTP", mail=1)
    probed = session("203.0.113.7", "10.0.1.5", n=2, banner="host ESMTP", mail=0)
    assert roles([submits, probed])["10.0.1.5"] == "workstation"
    assert roles([submits, probed | {"mail": 1}])["10.0.1.5"] == "relay"
    assert roles([probed])["10.0.1.5"] == "relay"


def test_who_answered_is_a_server_without_conn_log() -> None:
    relayed = LINE | {"uid": "C2", "client": "10.0.0.25", "server": "198.51.100.1", "client_port": 2}
    for shown in ({"last_reply": "250 2.0.0 Ok: queued as 1"}, {"tls": True}):
        mails = [row | {"trans_depth": 1, "mailfrom": "<a@x.example>"} | shown for row in (LINE, relayed)]
        found = {row["host"]: row["role"] for row in fact("role", smtp=mails)}
        assert found["10.0.0.25"] == "relay"
    silent = LINE | {"trans_depth": 1, "mailfrom": "<a@x.example>"}
    assert "10.0.0.25" not in {row["host"] for row in fact("role", smtp=[silent])}


def test_steady_delivery_under_one_name_is_a_relay() -> None:
    assert roles(deliveries(days=5, servers=10))["10.0.0.9"] == "relay"


def test_one_day_many_names_or_many_refusals_make_no_relay() -> None:
    for rows in (
        deliveries(days=1, servers=30),
        [row | {"helo": f"h{n}"} for n, row in enumerate(deliveries(days=5, servers=10))],
        deliveries(days=5, servers=10, messages_refused=1),
    ):
        assert roles(rows)["10.0.0.9"] == "other"


def test_a_sender_of_small_mails_is_no_scanner_where_smtp_log_lists_them() -> None:
    ends = [LINE | {"client": "10.0.0.9", "client_port": n + 1, "server": f"198.51.100.{n}"} for n in range(30)]
    rows = {
        "conn": [e | {"service": "smtp", "conn_state": "SF", "orig_bytes": 600, "resp_bytes": 300} for e in ends],
        "smtp": [e | {"trans_depth": 1, "mailfrom": "a@x.example", "rcptto": ["b@y.example"]} for e in ends],
    }
    stock: dict[str, Any] = {log: [row | {"uid": f"C{n}"} for n, row in enumerate(of)] for log, of in rows.items()}
    (row,) = [row for row in fact("role", **stock) if row["host"] == "10.0.0.9"]
    assert row["role"] == "other"
    greeted = [row | {"mailfrom": None, "rcptto": None} for row in stock["smtp"]]
    (row,) = [row for row in fact("role", conn=stock["conn"], smtp=greeted) if row["host"] == "10.0.0.9"]
    assert (row["role"], row["reason"]) == ("scanner", "servers: 30, no mail sent")


def test_config_overrides_and_says_so() -> None:
    site = Site(roles=(("10.0.1.5", "appliance"),))
    (row,) = [r for r in fact("role", site, smtp_session=[session("10.0.1.5", "10.0.0.25")]) if r["host"] == "10.0.1.5"]
    assert (row["role"], row["reason"]) == ("appliance", "set in config")


def scan_logs(nights: list[str], swept: int, client: str = "10.0.0.60") -> list[dict[str, Any]]:
    """Sessions with one server at the given times, and contacts with others that answer nothing."""
    base = LINE | {"proto": "tcp", "client": client, "orig_bytes": 200, "resp_bytes": 900}
    visits = [
        base | {"uid": f"N{n}", "client_port": n + 1, "ts": ts, "conn_state": "SF", "service": "smtp"}
        for n, ts in enumerate(nights)
    ]
    sweep = [
        base
        | {"uid": f"S{n}", "client_port": n + 100, "server": f"10.0.5.{n}", "ts": f"1d22h{n}m", "conn_state": "REJ"}
        for n in range(swept)
    ]
    return visits + sweep


def scanner(rows: list[dict[str, Any]], host: str = "10.0.0.60") -> tuple[str, bool]:
    (row,) = [row for row in fact("role", conn=rows) if row["host"] == host]
    return row["role"], row["scheduled"]


def test_who_sweeps_the_site_and_comes_back_at_the_same_hour_is_a_scheduled_scanner() -> None:
    assert scanner(scan_logs(["3h", "1d3h", "2d3h"], swept=25)) == ("scanner", True)


def test_neither_a_sweep_nor_a_schedule_alone_is_a_scheduled_scanner() -> None:
    assert scanner(scan_logs(["3h", "1d3h", "2d3h"], swept=5))[1] is False
    assert scanner(scan_logs(["3h", "1d9h", "2d17h"], swept=25))[1] is False
    assert scanner(scan_logs(["3h", "1d3h"], swept=25))[1] is False


def test_a_host_outside_is_no_scheduled_scanner() -> None:
    assert scanner(scan_logs(["3h", "1d3h", "2d3h"], 25, "203.0.113.9"), "203.0.113.9")[1] is False
