"""The Markdown report, parsed by a real CommonMark parser: our structure is there, and none from the logs."""

from collections import Counter

from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from syrupy.assertion import SnapshotAssertion

from tests.outputs._reports import holding
from zeeksmtp.model import Report, View
from zeeksmtp.outputs import markdown

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def structure(text: str) -> Counter[str]:
    """Count the kinds of token, without text and code spans, which may differ from report to report."""
    outer = PARSER.parse(text)
    inner = [token for block in outer for token in (block, *(block.children or ()))]
    return Counter(token.type for token in inner if token.type not in {"text", "code_inline"})


def test_everything(full: Report, snapshot: SnapshotAssertion) -> None:
    assert markdown.OUTPUT.render(full, View()) == snapshot


def test_nothing_says_what_could_not_be_seen(empty: Report, snapshot: SnapshotAssertion) -> None:
    assert markdown.OUTPUT.render(empty, View()) == snapshot


def test_it_is_built_of_headings_lists_and_tables_only(full: Report) -> None:
    kinds = {
        kind.removesuffix("_open").removesuffix("_close") for kind in structure(markdown.OUTPUT.render(full, View(80)))
    }
    table = {"table", "thead", "tbody", "tr", "th", "td"}
    assert kinds == {"heading", "paragraph", "inline", "strong", "bullet_list", "list_item"} | table


@given(text=st.text(max_size=40) | st.text("*_`~[]()<>#+-.!|\\& \n", max_size=20))
def test_no_text_changes_the_structure(text: str) -> None:
    assume(text.strip())
    assert structure(markdown.OUTPUT.render(holding(text), View())) == structure(
        markdown.OUTPUT.render(holding("x"), View())
    )


def test_long_lists_are_bounded_and_say_so(full: Report) -> None:
    minor = (full.findings[4],) * (markdown.MAX_FINDINGS + 3)
    findings = (full.findings[1],) * (markdown.MAX_FINDINGS + 10) + minor
    many = full.model_copy(update={"findings": findings, "volumes": full.volumes * 20})
    text = markdown.OUTPUT.render(many, View())
    assert text.count("### critical: Password sent in clear") == markdown.MAX_FINDINGS
    assert text.count("- low: ") == markdown.MAX_FINDINGS
    assert "And 13 more; the JSON form has all." in text
    assert "And 20 more; the JSON form has all." in text
    crowd = full.model_copy(update={"incidents": full.incidents[:1] * (markdown.MAX_INCIDENTS + 7)})
    text = markdown.OUTPUT.render(crowd, View())
    assert text.count(f"- Id: {full.incidents[0].id}") == markdown.MAX_INCIDENTS
    assert "And 7 more; the JSON form has all." in text


def test_an_incident_has_its_timeline_actions_and_evidence(full: Report) -> None:
    text = markdown.OUTPUT.render(full, View())
    assert (
        "| 2026-11-23 06:07:00 | User enumeration by VRFY, with confirmed names. 412 names probed at `mx.corp.example`."
        in text
    )
    assert "**Whom to tell**\n\n- Tell the operator of `198.51.100.25`" in text
    assert text.count("412 trials") == 1
    assert full.findings[6].summary not in text, "a symptom is counted, not listed"
