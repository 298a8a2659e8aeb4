"""Values: what an independent writer of Zeek's escaping wrote is read back; numbers and times at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zeeksmtp.reading.careful import BadValueError, Marks, iso, json_value, tsv_value, unescape, visible


def microseconds(value: Any) -> Any:
    """Return times and intervals as they are read: microseconds since the epoch, or of length."""
    if isinstance(value, datetime):
        value -= datetime(1970, 1, 1, tzinfo=UTC)
    return value // timedelta(microseconds=1) if isinstance(value, timedelta) else value


def zeek_tsv(raw: bytes, separators: tuple[bytes, ...] = (b"\t",)) -> str:
    """Write a string as Zeek's ASCII writer does (Desc.cc, AddBytes), byte by byte."""
    try:
        raw.decode()
        valid = True
    except UnicodeDecodeError:
        valid = False
    if raw == b"-":
        return r"\x2d"
    if raw == b"":
        return "(empty)"
    out, place = b"", 0
    while place < len(raw):
        found = next((s for s in separators if raw.startswith(s, place)), None)
        if found:
            out += b"".join(b"\\x%02x" % byte for byte in found)
            place += len(found)
            continue
        byte = raw[place]
        if byte == 0x5C:
            out += b"\\\\"
        elif byte < 0x20 or byte == 0x7F or (byte >= 0x80 and not valid):
            out += b"\\x%02x" % byte
        else:
            out += bytes([byte])
        place += 1
    if out == b"(empty)":
        return r"\x28empty)"
    return out.decode()


raw_text = st.one_of(
    st.binary(max_size=30),
    st.text(max_size=20).map(lambda text: text.encode(errors="surrogatepass")),
    st.lists(st.sampled_from([b"\\", b"\\x41", b"-", b"(empty)", b",", b"\t", b"x2c", b"\xc3\xa9"]), max_size=6).map(
        b"".join
    ),
)


@given(raw_text)
def test_unescape_undoes_what_zeek_wrote(raw: bytes) -> None:
    """The normal form of the bytes, whatever the way there."""
    assert tsv_value(zeek_tsv(raw), "string", Marks()) == visible(raw)


@given(st.lists(raw_text.filter(bool), max_size=6), st.sampled_from([",", ";", "||", " "]))
def test_sets_are_split_before_they_are_unescaped(elements: list[bytes], separator: str) -> None:
    # Zeek escapes the separator, not its single bytes: `|` before `||` looks like the other way round.
    assume(len(separator) == 1 or not any(separator[:1].encode() in e for e in elements))
    written = separator.join(zeek_tsv(e, (b"\t", separator.encode())) for e in elements) or "(empty)"
    marks = Marks(set_separator=separator)
    assert tsv_value(written, "set[string]", marks) == [visible(e) for e in elements]
    assert tsv_value("-", "set[string]", marks) is None


@given(raw_text)
def test_no_control_character_is_left(raw: bytes) -> None:
    assert not any(ord(char) < 0x20 or ord(char) == 0x7F for char in visible(raw))


@given(st.text(max_size=20))
def test_json_text_has_the_same_form_as_tsv(text: str) -> None:
    """Up to what JSON cannot tell: a text that looks like an escape."""
    got = json_value(text, "string")
    if all(not "\ud800" <= char <= "\udfff" for char in text):
        assert got == visible(text.encode())


@pytest.mark.parametrize(
    ("escaped", "text"),
    [(r"\\x41", r"\x41"), (r"\x5cx41", r"\x41"), (r"\x2c", ","), (r"\\\x41", "\\A"), ("\\", "\\"), (r"\xC3\xA9", "é")],
)
def test_escapes_are_undone_once_and_left_to_right(escaped: str, text: str) -> None:
    assert unescape(escaped) == text


BAD: dict[str, list[str]] = {
    "count": ["-1", "1.5", "", "0x5", "1e3", "9007199254740992", "18446744073709551616", "+5", " 5", "05", "٣", "T"],
    "port": ["65536", "-1", "25/tcp", "99999999999999999999"],
    "time": ["", "soon", "nan", "inf", "1e300", "2026-13-01T00:00:00Z", "--5"],
    "interval": ["nan", "x", "1e18", "2e9", ""],
    "bool": ["true", "1", "t", ""],
    "addr": ["10.0.0.256", "10.0.0", "fe80::1%eth0", "host", "1.2.3.04", ""],
}


@pytest.mark.parametrize(("zeek_type", "cell"), [(t, cell) for t, cells in BAD.items() for cell in cells])
def test_what_is_none_of_its_type_is_refused(zeek_type: str, cell: str) -> None:
    with pytest.raises(BadValueError):
        tsv_value(cell, zeek_type, Marks())
    assert tsv_value("-", zeek_type, Marks()) is None


GOOD: list[tuple[str, str, Any]] = [
    ("count", "9007199254740991", 2**53 - 1),
    ("port", "65535", 65535),
    ("bool", "T", True),
    ("addr", "2001:db8::1", "2001:db8::1"),
    ("addr", "::ffff:10.0.0.1", "::ffff:10.0.0.1"),
    ("time", "0.000000", datetime(1970, 1, 1, tzinfo=UTC)),
    ("time", "-1.500000", datetime(1969, 12, 31, 23, 59, 58, 500000, tzinfo=UTC)),
    ("time", "1795458345.065042", datetime(2026, 11, 23, 18, 25, 45, 65042, tzinfo=UTC)),
    ("interval", "0.007812", timedelta(microseconds=7812)),
    ("string", "", ""),
    ("vector[string]", "a,-,(empty)", ["a", None, ""]),
]


@pytest.mark.parametrize(("zeek_type", "cell", "value"), GOOD)
def test_edges(zeek_type: str, cell: str, value: Any) -> None:
    got = tsv_value(cell, zeek_type, Marks())
    assert (got, type(got)) == (microseconds(value), type(microseconds(value)))


@given(st.integers(0, 2**33), st.integers(0, 2**22 - 1))
def test_json_doubles_round_as_printf_does(whole: int, fraction: int) -> None:
    """Zeek's clock ticks in 2**-22 s at today's epoch: ties do occur."""
    number = whole % 100 + fraction / 2**22
    assert json_value(number, "interval") == tsv_value(f"{number:.6f}", "interval", Marks())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-23T06:00:00.000001Z", 0.000001),
        ("2026-11-23T06:00:00.1000000Z", 1),  # Zeek rounds up to seven digits: a whole second
        ("2026-11-23T06:00:00.1234567Z", 0.123457),
        ("2026-11-23T07:00:00+01:00", 0),
        ("2026-11-23T06:00:00", 0),
        ("2026-11-23 06:00:00.5Z", 0.5),
    ],
)
def test_iso(text: str, seconds: float) -> None:
    assert iso(text) == microseconds(datetime(2026, 11, 23, 6, tzinfo=UTC) + timedelta(seconds=seconds))


@pytest.mark.parametrize("text", ["", "now", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59.1000000Z", "2026-11-23"])
def test_what_is_no_iso_time(text: str) -> None:
    with pytest.raises(BadValueError):
        iso(text)


JSON_BAD: list[tuple[str, Any]] = [
    ("count", -1),
    ("count", 1.5),
    ("count", True),
    ("count", "5"),
    ("count", 2**64),
    ("count", float("nan")),
    ("port", 65536),
    ("bool", 1),
    ("bool", "T"),
    ("time", True),
    ("time", [1]),
    ("time", 10**400),
    ("interval", float("inf")),
    ("string", 5),
    ("string", {}),
    ("addr", "nobody"),
    ("set[string]", "a"),
    ("set[string]", ["a", 5]),
]


@pytest.mark.parametrize(("zeek_type", "value"), JSON_BAD)
def test_what_is_none_of_its_type_in_json(zeek_type: str, value: Any) -> None:
    with pytest.raises(BadValueError):
        json_value(value, zeek_type)
    assert json_value(None, zeek_type) is None


@given(st.lists(st.none() | st.lists(st.none() | st.text(max_size=3), max_size=4), max_size=6))
def test_lists_keep_their_places(lists: list[list[str | None] | None]) -> None:
    clean = [None if some is None else [e if e is None else visible(e.encode()) for e in some] for some in lists]
    assert [json_value(some, "vector[string]") for some in lists] == clean
