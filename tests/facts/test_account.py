"""Guards that spellings of one account are joined, and those of different accounts are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.facts.tables import LINE, fact

BANNER = "mx.corp.example ESMTP Postfix"


def normal(user: str | None, banner: str | None = BANNER) -> str | None:
    (row,) = fact(
        "auth",
        smtp_session=[LINE | {"ts": "0s", "banner": banner}],
        smtp_auth=[LINE | {"ts": "1s", "user": user, "seq": 1, "mechanism": "PLAIN"}],
    )
    return row["account"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ("Alice", "alice"),
        ("alice@corp.example", "alice"),
        ("alice@CORP.example", "alice"),
        ("alice@mx.corp.example", "alice"),
        ("CORP\\Alice", "alice"),
        ("alice@other.example", "alice@other.example"),
        ("alice@rp.example", "alice@rp.example"),
        ("jörg@corp.example", "jörg"),
        ("", ""),
        (None, None),
    ],
)
def test_normal_form(user: str | None, account: str | None) -> None:
    assert normal(user) == account


def test_an_authzid_stands_for_the_user_where_none_is_named() -> None:
    row = LINE | {"ts": "1s", "seq": 1, "mechanism": "PLAIN", "authzid": "Alice"}
    for user, account in ((None, "alice"), ("", "alice"), ("bob", "bob")):
        assert [auth["account"] for auth in fact("auth", smtp_auth=[row | {"user": user}])] == [account]


@pytest.mark.parametrize("banner", [None, "*****************", "hello", "220"])
def test_without_a_name_in_the_greeting_domains_stay(banner: str | None) -> None:
    assert normal("alice@corp.example", banner) == "alice@corp.example"


@given(st.from_regex(r"[a-z0-9.]{1,12}", fullmatch=True))
def test_all_spellings_of_any_local_part_meet(local: str) -> None:
    spellings = [local, local.upper(), f"{local}@corp.example", f"CORP\\{local}"]
    assert {normal(spelling) for spelling in spellings} == {local}
