"""The message: whatever a log held, its headers are ours, and its subject reads as it was meant."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import compat32, default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery._parcels import mail, parcel
from zeeksmtp.delivery._letter import letter, subject
from zeeksmtp.delivery_settings import Mail

HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]

# What could end a header, begin another, or be taken for one that is encoded.
_ENDS = st.sampled_from(["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u202e", "\ud800"])
_WORDS = st.sampled_from(
    ["=?utf-8?q?=0D=0ABcc:_a@evil.example?=", "=?utf-8?b?DQpCY2M6IGFAYg==?=", "Bcc: a@evil.example"]
)
_SIGNS = st.sampled_from(["=?", "?=", " ", "\t", ":", ";", ",", "<", '"'])
logged = st.lists(_ENDS | _WORDS | _SIGNS | st.text(max_size=8), max_size=40).map("".join)


def settings() -> Mail:
    """Give `[mail]`."""
    told = mail(25).mail
    assert told is not None
    return told


@given(text=logged)
@pytest.mark.parametrize("policy", [default, compat32], ids=["modern", "old"])
def test_no_text_adds_a_header_or_changes_one(text: str, policy: object) -> None:
    content = letter(parcel(text, render=lambda form: text), settings())
    message = message_from_bytes(content, policy=policy)  # type: ignore[call-overload]
    assert list(message.keys()) == HEADERS
    assert (message["To"], message["From"]) == ("soc@corp.example", "zeeksmtp@corp.example")
    assert content.isascii()
    assert len(content.split(b"\r\n\r\n")[0]) < 3000


@given(text=logged)
def test_the_subject_arrives_as_it_was_written(text: str) -> None:
    content = letter(parcel(text, render=lambda form: ""), settings())
    arrived = str(message_from_bytes(content, policy=default)["Subject"])
    # Where lines are folded between words in and beyond ASCII, the library may drop or add a blank.
    assert "".join(arrived.split()) == "".join(subject(text).split())
    assert arrived.isprintable()
    assert 0 < len(arrived) < 160


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2 new findings", "2 new findings"),
        ("alice\r\nBcc: x@evil.example", "alice\\x0d\\x0aBcc: x@evil.example"),
        ("=?utf-8?q?=0D=0A?=", "= ?utf-8?q?=0D=0A?="),
        (" \t\n", "\\x09\\x0a"),
        ("", "zeeksmtp report"),
        ("a" * 200, "a" * 149 + "…"),
    ],
)
def test_what_becomes_of_a_subject(text: str, shown: str) -> None:
    assert subject(text) == shown


@given(text=logged)
def test_text_and_page_arrive_as_they_were(text: str) -> None:
    content = letter(parcel("x", render=lambda form: f"{form} {text}"), settings())
    parts = list(message_from_bytes(content, policy=default).iter_parts())
    kept = text.encode("utf-8", "backslashreplace").decode()
    for part, form in zip(parts, ("terminal", "html"), strict=True):
        # Only ends of lines may differ.
        assert part.get_content().split() == f"{form} {kept}".split()


def test_a_page_of_a_megabyte_is_no_trouble() -> None:
    page = "".join(f"<p>é {number} & so on</p>" for number in range(40_000))
    content = letter(parcel("x", render=lambda form: page), settings())
    assert max(map(len, content.split(b"\r\n"))) <= 100


def test_a_report_with_hostile_strings() -> None:
    content = letter(parcel(), settings())
    assert b"\x1b" not in content
