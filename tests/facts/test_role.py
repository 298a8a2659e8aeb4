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


def test_steady_delivery_under_one_name_is_a_relay() -> None:
    assert roles(deliveries(days=5, servers=10))["10.0.0.9"] == "relay"


def test_one_day_many_names_or_many_refusals_make_no_relay() -> None:
    for rows in (
        deliveries(days=1, servers=30),
        [row | {"helo": f"h{n}"} for n, row in enumerate(deliveries(days=5, servers=10))],
        deliveries(days=5, servers=10, messages_refused=1),
    ):
        assert roles(rows)["10.0.0.9"] == "other"


def test_config_overrides_and_says_so() -> None:
    site = Site(roles=(("10.0.1.5", "appliance"),))
    (row,) = [r for r in fact("role", site, smtp_session=[session("10.0.1.5", "10.0.0.25")]) if r["host"] == "10.0.1.5"]
    assert (row["role"], row["reason"]) == ("appliance", "set in config")
