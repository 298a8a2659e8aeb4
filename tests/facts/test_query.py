"""Guards what a server's reply is taken to say, on the answers of real servers, and the contrast that 252 needs."""

import polars as pl
import pytest

from tests.facts.tables import LINE, fact
from zeeksmtp.facts._reply import domain_of

UNKNOWN = {"reply_code": 550, "reply_status": "5.1.1", "reply_msg": "5.1.1 User unknown"}


@pytest.mark.parametrize(
    ("verb", "arg"), [("VRFY", None), ("VRFY", ""), ("VRFY", "  "), ("EXPN", None), ("RCPT", "TO:<>")]
)
def test_a_command_without_a_name_asks_for_none(verb: str, arg: str | None) -> None:
    assert fact("query", smtp_cmd=[LINE | {"command": verb, "arg": arg, "seq": 1} | UNKNOWN]) == []


def verdict_of(verb: str, code: int | None, text: str, *others: dict[str, object]) -> str:
    status = text.split(" ", maxsplit=1)[0] if text[:1].isdigit() else None
    row = LINE | {
        "command": verb,
        "arg": "alice",
        "reply_code": code,
        "reply_status": status,
        "reply_msg": text,
        "seq": 1,
    }
    rows = [row, *(LINE | {"command": verb, "arg": "x", "seq": n + 2} | other for n, other in enumerate(others))]
    return str(next(r["verdict"] for r in fact("query", smtp_cmd=rows) if r["seq"] == 1))


@pytest.mark.parametrize(
    ("verb", "code", "text", "expected"),
    [
        ("VRFY", 250, "<a@d> is deliverable", "confirmed"),
        ("VRFY", 250, "2.1.5 Alice Liddell <alice@host>", "confirmed"),
        ("VRFY", 251, "User not local; will forward to <a@b>", "confirmed"),
        ("VRFY", 252, "2.0.0 alice", "ambiguous"),
        ("VRFY", 252, "Administrative prohibition", "ambiguous"),
        ("VRFY", 550, "5.1.1 <x>: Recipient address rejected: User unknown in local recipient table", "unknown"),
        ("VRFY", 550, "<x@d> Unknown user", "unknown"),
        ("VRFY", 550, "5.1.1 x... User unknown", "unknown"),
        ("VRFY", 554, "5.7.1 <x>: Relay access denied", "refused"),
        ("VRFY", 502, "5.5.1 VRFY command is disabled", "refused"),
        ("EXPN", 553, "x@host is undeliverable", "unknown"),
        ("EXPN", 550, "Administrative prohibition", "refused"),
        ("EXPN", 500, "5.5.2 Error: command not recognized", "refused"),
        ("RCPT", 250, "2.1.5 Ok", "ambiguous"),
        ("RCPT", 550, "relay not permitted", "refused"),
        ("RCPT", 550, "5.4.1 Recipient address rejected: Access denied", "unknown"),
        ("RCPT", 550, "5.7.1 Blocked", "refused"),
        ("RCPT", 550, "5.2.1 Mailbox disabled", "refused"),
        ("RCPT", 450, "4.7.1 Greylisted", "deferred"),
        ("RCPT", 421, "4.7.0 too many errors", "deferred"),
        ("RCPT", None, "", "none"),
    ],
)
def test_a_reply_alone(verb: str, code: int | None, text: str, expected: str) -> None:
    assert verdict_of(verb, code, text) == expected


@pytest.mark.parametrize(("verb", "code", "text"), [("VRFY", 252, "2.0.0 alice"), ("RCPT", 250, "2.1.5 Ok")])
def test_by_contrast_with_an_unknown_name_it_confirms(verb: str, code: int, text: str) -> None:
    assert verdict_of(verb, code, text, UNKNOWN) == "confirmed"


def test_the_contrast_of_another_verb_says_nothing() -> None:
    assert verdict_of("VRFY", 252, "2.0.0 alice", UNKNOWN | {"command": "RCPT"}) == "ambiguous"


@pytest.mark.parametrize(
    ("arg", "name"),
    [
        ("TO:<Alice@Corp.example>", "alice@corp.example"),
        ("TO: <alice@corp.example> SIZE=10", "alice@corp.example"),
        ("to:alice@corp.example", "alice@corp.example"),
        ("TO: alice@corp.example NOTIFY=NEVER", "alice@corp.example"),
        ("TO:<@relay.example:alice@corp.example>", "alice@corp.example"),
        ('TO:<"a b"@corp.example>', '"a b"@corp.example'),
        ("alice", "alice"),
        ("<alice>", "alice"),
    ],
)
def test_the_name_that_is_asked_for(arg: str | None, name: str | None) -> None:
    (row,) = fact("query", smtp_cmd=[LINE | {"command": "RCPT", "arg": arg, "seq": 1}])
    assert row["name"] == name


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("alice@corp.example", "corp.example"),
        ("alice@corp.example.", "corp.example"),
        ('"relaytest@probe.example"', "probe.example"),
        ('"a b"@corp.example', "corp.example"),
        ("user%one.example@two.example", "two.example"),
        ("alice", None),
    ],
)
def test_the_domain_of_a_name(name: str, domain: str | None) -> None:
    assert pl.select(domain_of(pl.lit(name))).item() == domain
