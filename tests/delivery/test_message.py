"""The message: whatever a log held, its headers are ours, and its subject reads as it was meant."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import compat32, default
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery._envelopes import envelope, mail
from tests.outputs import _reports
from zeeksmtp.delivery import Envelope
from zeeksmtp.delivery._message import MAX_MESSAGE_BYTES, body_of, message, subject_line
from zeeksmtp.delivery_settings import Mail
from zeeksmtp.model import Report, Severity

HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]

# What could end a header, begin another, or be taken for one that is encoded.
_ENDS = st.sampled_from(["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u202e", "\ud800"])
_WORDS = st.sampled_from(
    ["=?utf-8?q?=0D=0ABcc:_a@evil.example?=", "=?utf-8?b?DQpCY2M6IGFAYg==?=", "Bcc: a@evil.example"]
)
_SIGNS = st.sampled_from(["=?", "?=", " ", "\t", ":", ";", ",", "<", '"'])
logged = st.lists(_ENDS | _WORDS | _SIGNS | st.text(max_size=8), max_size=40).map("".join)


def settings() -> Mail:
    """Return `[mail]`."""
    section = mail(25).mail
    assert section is not None
    return section


def composed(sent: Envelope) -> bytes:
    """Return the mail for an envelope."""
    return message(sent, settings(), body_of(sent, settings()))


@given(text=logged)
@pytest.mark.parametrize("policy", [default, compat32], ids=["modern", "old"])
def test_no_text_adds_a_header_or_changes_one(text: str, policy: object) -> None:
    content = composed(envelope(text, render=lambda form: text))
    message = message_from_bytes(content, policy=policy)  # type: ignore[call-overload]
    assert list(message.keys()) == HEADERS
    assert (message["To"], message["From"]) == ("soc@corp.example", "zeeksmtp@corp.example")
    assert content.isascii()
    assert len(content.split(b"\r\n\r\n")[0]) < 3000


@given(text=logged)
def test_the_subject_arrives_as_it_was_written(text: str) -> None:
    content = composed(envelope(text, render=lambda form: ""))
    arrived = str(message_from_bytes(content, policy=default)["Subject"])
    # Where lines are folded between words in and beyond ASCII, the library may drop or add a blank.
    assert "".join(arrived.split()) == "".join(subject_line(text).split())
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
    assert subject_line(text) == shown


@given(text=logged)
def test_text_and_page_arrive_as_they_were(text: str) -> None:
    content = composed(envelope("x", render=lambda form: f"{form} {text}"))
    parts = list(message_from_bytes(content, policy=default).iter_parts())
    kept = text.encode("utf-8", "backslashreplace").decode()
    for part, form in zip(parts, ("terminal", "html"), strict=True):
        # Only ends of lines may differ.
        assert part.get_content().split() == f"{form} {kept}".split()


def parts_of(content: bytes) -> list[EmailMessage]:
    return [part for part in message_from_bytes(content, policy=default).walk() if not part.is_multipart()]


def test_a_page_that_is_too_large_is_left_out_and_the_text_says_so() -> None:
    page = "".join(f"<p>é {number} & so on</p>" for number in range(40_000))
    content = composed(envelope("x", render=lambda form: page if form == "html" else "the text\n"))
    (text,) = parts_of(content)
    assert max(map(len, content.split(b"\r\n"))) <= 100
    assert text.get_content_type() == "text/plain"
    assert "no HTML part" in text.get_content() and "the text" in text.get_content()


def test_a_text_that_is_too_large_ends_at_the_end_of_a_line_and_says_so() -> None:
    content = composed(envelope("x", render=lambda form: "".join(f"é line {number}\n" for number in range(20_000))))
    (text,) = parts_of(content)
    *_, last, _, note = text.get_content().splitlines()
    assert 0.8 * MAX_MESSAGE_BYTES < len(content) <= MAX_MESSAGE_BYTES
    assert last.startswith("é line ") and note.startswith("The text ends here")


def large(findings: int) -> Report:
    """Return a report with so many findings of every severity, half of the medium ones in incidents."""
    full = _reports.full()
    (pattern, *_) = full.findings
    every = [
        pattern.model_copy(update={"id": f"{n:016x}", "severity": severity, "clients": (f"10.1.{n // 250}.{n % 250}",)})
        for n, severity in zip(range(findings), cycle(Severity), strict=False)
    ]
    grave = [f for f in every if f.severity.rank >= Severity.MEDIUM.rank]
    incident = full.incidents[0].model_copy(update={"findings": tuple(f.id for f in grave[: len(grave) // 2])})
    incidents = tuple(incident.model_copy(update={"id": f"{n:016x}"}) for n in range(20))
    return full.model_copy(update={"findings": tuple(every), "incidents": incidents})


def test_the_mail_of_a_large_report_stays_below_100_kb_and_keeps_what_is_urgent() -> None:
    content = composed(envelope(report=large(3_000)))
    text, page = parts_of(content)
    assert 20_000 < len(content) <= MAX_MESSAGE_BYTES == 100_000
    assert [text.get_content_type(), page.get_content_type()] == ["text/plain", "text/html"]
    assert "20 incidents" in text.get_content()
    assert "Do first" in page.get_content() and "Shortened" in page.get_content()


def test_notes_of_the_delivery_never_make_it_too_large() -> None:
    sent = envelope("x", render=lambda form: "".join(f"é line {number}\n" for number in range(20_000)))
    notes = [f"This report could not be sent to {n}@corp.example: {'=é' * 150}." for n in range(50)]
    content = message(sent, settings(), body_of(sent, settings()), notes)
    assert len(content) <= MAX_MESSAGE_BYTES
    assert parts_of(content)[0].get_content().startswith("This report could not be sent to 0@corp.example")


def test_a_report_with_hostile_strings() -> None:
    content = composed(envelope())
    assert b"\x1b" not in content
