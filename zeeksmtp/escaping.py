"""Every logged string is hostile: the one module that makes text harmless before anyone sees it.

A user name, a HELO or a path may hold terminal escapes, bidirectional overrides, Markdown or HTML. `plain` makes
each character that does not print visible as `\\xHH` or `\\u{HHHH}`; `markdown` also makes markup inert; `cut`
bounds length. `cell` is for spreadsheets, `zeek` for Zeek's TSV.
"""

import re

ELLIPSIS = "…"

# These count as printable, yet show nothing or a mere blank: two different names would look the same.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# What may stand before and after a word of prose without being part of a name.
_BEFORE = "(\"'"
_AFTER = ".,;:!?)\"'"
# Words, dates, numbers and times as prose has them. An address or a host name is none of these.
_PROSE = re.compile(r"[^\W_]+(?:['-]+[^\W_]+)*(?:\([^\W_]+)?-?|\d{1,3}(?:,\d{3})*(?:\.\d+)?%?|\d\d?(?::\d\d){1,2}")
_SIGN = re.compile("[=+\u2013\u2014\u2026\u2192-]")
# What makes a formula of a cell (the wide forms too), where a cell begins, also one that another separator would make.
_FORMULA = re.compile(r"(^|[;,|])([\s\"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
# A backtick or a bar cannot stand inside a code span in a table; blanks part the words.
_PARTS = re.compile(r"([ `|]+)")


def plain(text: str) -> str:
    """Make every control, format, bidi, invisible and surrogate character of `text` visible; the rest stays."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() and not _INVISIBLE.match(c) else _visible(c) for c in text)


def _visible(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"


def cut(text: str, limit: int) -> str:
    """Shorten `text` to at most `limit` characters, the last of them an ellipsis if any is missing.

    Cut what `plain` gave, not its input: escapes make text longer.
    """
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + ELLIPSIS


def markdown(text: str) -> str:
    """Make `text` inert in Markdown (also in table cells, at the start of a line, and for autolinks) and in HTML.

    Words of letters stay as they are. All else that is more than punctuation of prose becomes a code span, in which
    nothing has a meaning: a backslash would not stop GitHub from making a link of an address.
    """
    # Runs of blanks mean nothing in Markdown, save four at the start of a line: code.
    line = " ".join(plain(text).split(" ")).strip(" ")
    parts = _PARTS.split(re.sub(" +", " ", line))
    words = [_separator(part) if odd % 2 else _word(part) for odd, part in enumerate(parts)]
    return _no_block(words[0]) + "".join(words[1:])


def _separator(part: str) -> str:
    return part.replace("`", "\\`").replace("|", "\\|")


def cell(text: str) -> str:
    """Make `text` one line that no spreadsheet takes for a formula: an apostrophe goes before what could begin one."""
    return _FORMULA.sub(r"\1\2'", plain(text))


def zeek(text: str, *marks: str) -> str:
    """Write `text` as a value of a Zeek TSV log: nothing in it ends a field, an element (`marks`) or a line.

    A text that means "unset" or "empty" by itself, or would make a comment of its line, has its first sign escaped.
    """
    escaped = plain(text).replace("\\", "\\\\")
    for mark in marks:
        escaped = escaped.replace(mark, _hex(mark))
    reserved = escaped in {"-", "(empty)"} or escaped.startswith("#")
    return _hex(escaped[0]) + escaped[1:] if reserved else escaped


def _hex(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def _word(part: str) -> str:
    core = part.lstrip(_BEFORE).rstrip(_AFTER)
    if not core or _SIGN.fullmatch(core) or _PROSE.fullmatch(core):
        return part
    start = part.index(core)
    return f"{part[:start]}`{core}`{part[start + len(core) :]}"


def _no_block(word: str) -> str:
    """Keep the first word of a line from making a list or a heading of it."""
    return re.sub(r"^(\d*)([.)])$|^()([-+=:])", r"\1\3\\\2\4", word)
