"""Guards that one password counts once: a device repeats it, a guesser sends another each time."""

from typing import Any

from tests.facts.tables import LINE, fact


def failures(client: str, count: int, seconds: int, **more: Any) -> list[dict[str, Any]]:
    row = LINE | {"client": client, "mechanism": "LOGIN", "user": "ann", "secret_kind": "password", "secret_length": 9}
    return [
        row | {"uid": f"C{n}", "client_port": n + 1, "ts": f"{n * seconds}s", "seq": 2, "outcome": "failure"} | more
        for n in range(count)
    ]


def bad(rows: list[dict[str, Any]]) -> int:
    return sum(row["bad"] for row in fact("login", smtp_auth=rows))


def test_one_length_from_a_host_of_the_site_is_one_password_however_fast() -> None:
    assert bad(failures("10.0.1.5", 15, 2)) == 1


def test_one_length_in_a_burst_from_outside_is_as_many_passwords() -> None:
    assert bad(failures("203.0.113.9", 15, 2)) == 15


def test_one_length_by_the_clock_from_outside_is_one_password() -> None:
    assert bad(failures("203.0.113.9", 15, 900)) == 1


def test_one_hash_is_one_password_and_several_are_several() -> None:
    assert bad(failures("203.0.113.9", 15, 2, secret_hash="aa")) == 1
    rows = [row | {"secret_hash": f"h{n}"} for n, row in enumerate(failures("10.0.1.5", 15, 900))]
    assert bad(rows) == 15


def test_without_a_length_nothing_is_known_of_a_burst() -> None:
    assert bad(failures("10.0.1.5", 15, 2, secret_length=None)) == 15
