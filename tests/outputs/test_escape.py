"""No text, whatever it holds, does anything on a terminal or in Markdown."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from zeeksmtp.escaping import cut, markdown, plain

ANY = st.text(st.characters(exclude_categories=()), max_size=60)
MARKED = st.lists(
    st.sampled_from(
        [*"*_`~[]()<>#+-.!|\\&;:@=/$^ \t\n\r1ax\"'", "http://", "www.", "a@b.example", "<b>", "&lt;", "```", "    "]
    ),
    max_size=25,
).map("".join)
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# What GitHub, GitLab and chat programs make a link, a mention or a reference of, outside of code spans.
LINKED = re.compile(r"://|www\.\w|[@#]\w|\w@|\w\.[^\W\d]|[^\W\d]\.\w|\d\.\d+\.\d")
HARMLESS = {"paragraph", "text", "code_inline", "inline", "table", "thead", "tbody", "tr", "th", "td"}


def tokens(text: str) -> list[Token]:
    """Parse Markdown with a real parser and give all its tokens, inner ones too."""
    outer = PARSER.parse(text)
    return [inner for token in outer for inner in (token, *(token.children or ()))]


def kinds(text: str) -> set[str]:
    """Return the kinds of token that Markdown has, opening and closing ones as one; bare links count as links."""
    found = tokens(text)
    linked = {"link" for token in found if token.type == "text" and LINKED.search(token.content)}
    return {token.type.removesuffix("_open").removesuffix("_close") for token in found} | linked


@given(ANY)
@example("\x1b]8;;http://x\x07\x9b\x7f\u202e\u2066\u200b\ufeff\u2028\ud800\U000e0041\r\n\t")
def test_plain_holds_no_character_that_does_something(text: str) -> None:
    shown = plain(text)
    bad = {c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    assert not bad
    assert shown.encode("utf-8").decode() == shown
    assert plain(shown) == shown


@given(st.text(st.characters(categories=["L", "N"], max_codepoint=0x10FF), max_size=20))
def test_plain_leaves_letters_alone(text: str) -> None:
    assert all(c in plain(text) for c in text if ord(c) <= 0x1000)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31m", "a\\x1b[31m"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202egnp.exe", "\\u{202e}gnp.exe"),
        ("a\u3164b\ufe0f", "a\\u{3164}b\\u{fe0f}"),
        ("\ud800", "\\u{d800}"),
        ("Grüße 你好", "Grüße 你好"),
        ("[bold]", "[bold]"),
    ],
)
def test_plain_shows_what_was_there(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(ANY, st.integers(0, 30))
def test_cut_keeps_to_its_bound_and_says_so(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short) <= max(limit, 1)
    assert short == text or short.endswith("…")


@given(ANY | MARKED)
@example("1. a")
@example("- a")
@example("+ a")
@example("    code")
@example("a\\")
@example("`` ` ` ``")
@example("=")
@example("https://evil.example www.evil.example evil.example a@b.example")
def test_markdown_is_inert_at_the_start_of_a_line(text: str) -> None:
    assert kinds(markdown(text)) <= HARMLESS


@given(ANY | MARKED)
@example("a|b`|`c\\")
def test_markdown_is_inert_in_the_middle_of_a_line_and_in_a_list(text: str) -> None:
    assert kinds(f"- who: {markdown(text)} end") <= HARMLESS | {"bullet_list", "list_item"}


@given(ANY | MARKED)
@example("a|b`|`c\\")
@example("\\|")
def test_markdown_stays_in_its_cell(text: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| {markdown(text)} | last |"
    assert kinds(table) <= HARMLESS
    cells = [token.content for token in tokens(table) if token.type == "inline"]
    assert len(cells) == 4
    assert cells[3] == "last"


@given(st.text(st.sampled_from("ab1 .,:;!?()'\"|`*_<&@[]#~$\\-+="), max_size=30))
def test_markdown_loses_nothing_but_blanks(text: str) -> None:
    shown = "".join(t.content for t in tokens(markdown(text)) if t.type in {"text", "code_inline"})
    assert shown.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("At 06:01 alice sent 1,200 mails (40%).", "At 06:01 alice sent 1,200 mails (40%)."),
        ("10.0.0.25 → mx.corp.example:", "`10.0.0.25` → `mx.corp.example`:"),
        (":smile:", "`:smile`:"),
        ("2. x", "2\\. x"),
        ("- 2. x = 3) + 1 session(s)", "\\- 2. x = 3) + 1 session(s)"),
        ("12) x", "12\\) x"),
        ("a | b", "a \\| b"),
        ("", ""),
    ],
)
def test_markdown_reads_like_prose(text: str, written: str) -> None:
    assert markdown(text).replace("\\→", "→") == written
