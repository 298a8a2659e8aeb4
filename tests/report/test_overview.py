"""Guards what the posture says of TLS: versions by server, and sessions by day."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.facts.tables import CONNECTION, LINE, facts
from zeeksmtp.model import ServerPosture
from zeeksmtp.report.overview import posture_of

OUTSIDE: dict[str, Any] = {"client": "10.0.0.25", "server": "198.51.100.25"}


def session(n: int, day: int = 0, version: str | None = None, **changes: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of one connection, with TLS if it has a version."""
    ends = {"uid": f"C{n}", "client_port": n, "ts": f"{day}d{n}m"} | changes
    conn = CONNECTION | ends | {"conn_state": "SF", "service": "ssl,smtp" if version else "smtp"}
    ssl = [LINE | ends | {"version": version, "established": True}] if version else []
    return {"conn": [conn], "ssl": ssl}


def servers(*sessions: Mapping[str, Sequence[Mapping[str, Any]]]) -> Mapping[tuple[str, int], ServerPosture]:
    """Return the posture of each server and port."""
    logs = {log: [row for rows in sessions for row in rows[log]] for log in ("conn", "ssl")}
    posture, _ = posture_of(facts(logs), lambda plan: plan.collect())
    return {(server.server, server.port): server for server in posture.servers}


def test_versions_are_counted_by_server_and_port() -> None:
    known = servers(
        session(1, version="TLSv13"),
        session(2, version="TLSv12"),
        session(3, version="TLSv12"),
        session(4),
        session(5, version="TLSv10", port=465),
        session(6, version="TLSv13", **OUTSIDE),
    )
    assert known["10.0.0.25", 25].tls_versions == {"TLSv12": 2, "TLSv13": 1}
    assert list(known["10.0.0.25", 25].tls_versions) == ["TLSv12", "TLSv13"]
    assert known["10.0.0.25", 465].tls_versions == {"TLSv10": 1}
    assert known["198.51.100.25", 25].tls_versions == {"TLSv13": 1}


def test_without_ssl_log_there_are_no_versions() -> None:
    assert servers(session(1) | {"ssl": []})["10.0.0.25", 25].tls_versions == {}


def test_a_day_is_one_that_had_sessions() -> None:
    days = servers(session(1), session(2, version="TLSv13"), session(3, day=2))["10.0.0.25", 25].days
    assert [(f"{day.day:%m-%d %H:%M}", day.sessions, day.tls_sessions) for day in days] == [
        ("11-02 00:00", 2, 1),
        ("11-04 00:00", 1, 0),
    ]


def test_the_last_thirty_five_days_stay() -> None:
    days = servers(*(session(n, day=n) for n in range(40)))["10.0.0.25", 25].days
    assert (len(days), f"{days[0].day:%m-%d}", f"{days[-1].day:%m-%d}") == (35, "11-07", "12-11")


def test_outside_servers_have_no_days() -> None:
    known = servers(session(1, **OUTSIDE), session(2))
    assert known["198.51.100.25", 25].days == ()
    assert len(known["10.0.0.25", 25].days) == 1


def test_weak_handshakes_and_the_certificate_shown_last() -> None:
    old, new = session(1, version="TLSv10"), session(2, version="TLSv12")
    old["ssl"][0] |= {"cipher": "TLS_RSA_WITH_RC4_128_SHA", "cert_chain_fps": ["aa", "ca"]}
    new["ssl"][0] |= {"cipher": "TLS_RSA_WITH_AES_128_CBC_SHA", "cert_chain_fps": ["bb"]}
    dates: dict[str, Any] = {"certificate.not_valid_before": "2026-01-01", "certificate.not_valid_after": "2027-01-01"}
    x509 = [{"fingerprint": name, "san.dns": [f"{name}.corp.example"]} | dates for name in ("aa", "bb", "unrelated")]
    logs = {"conn": old["conn"] + new["conn"], "ssl": old["ssl"] + new["ssl"], "x509": x509}
    posture, _ = posture_of(facts(logs), lambda plan: plan.collect())
    (server,) = posture.servers
    assert server.weak_tls == 1
    assert server.ciphers == {"TLS_RSA_WITH_AES_128_CBC_SHA": 1, "TLS_RSA_WITH_RC4_128_SHA": 1}
    assert server.certificate_names == ("bb.corp.example",)
    assert f"{server.certificate_expires:%Y-%m-%d}" == "2027-01-01"


def test_without_ssl_log_nothing_is_known_of_tls() -> None:
    server = servers(session(1) | {"ssl": []})["10.0.0.25", 25]
    assert (server.weak_tls, server.ciphers, server.certificate_expires) == (None, {}, None)
