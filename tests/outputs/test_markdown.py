"""The Markdown report, parsed by a real CommonMark parser: our structure is there, and none from the logs."""

from collections import Counter

from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from syrupy.assertion import SnapshotAssertion

from zeeksmtp.model import Report
from zeeksmtp.outputs import markdown

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def structure(text: str) -> Counter[str]:
    """Count the kinds of token, without text and code spans, which may differ from report to report."""
    outer = PARSER.parse(text)
    inner = [token for block in outer for token in (block, *(block.children or ()))]
    return Counter(token.type for token in inner if token.type not in {"text", "code_inline"})


def test_everything(full: Report, snapshot: SnapshotAssertion) -> None:
    assert markdown.OUTPUT.render(full, None) == snapshot


def test_nothing_says_what_could_not_be_seen(empty: Report, snapshot: SnapshotAssertion) -> None:
    assert markdown.OUTPUT.render(empty, None) == snapshot


def test_it_is_built_of_headings_lists_and_tables_only(full: Report) -> None:
    kinds = {kind.removesuffix("_open").removesuffix("_close") for kind in structure(markdown.OUTPUT.render(full, 80))}
    table = {"table", "thead", "tbody", "tr", "th", "td"}
    assert kinds == {"heading", "paragraph", "inline", "strong", "bullet_list", "list_item"} | table


@given(text=st.text(max_size=40) | st.text("*_`~[]()<>#+-.!|\\& \n", max_size=20))
def test_no_text_changes_the_structure(text: str) -> None:
    assume(text.strip())
    assert structure(markdown.OUTPUT.render(_holding(text), None)) == structure(
        markdown.OUTPUT.render(_holding("x"), None)
    )


def _holding(text: str) -> Report:
    """Give a small report that holds `text` wherever logged text can stand."""
    from datetime import UTC, datetime

    then = datetime(2026, 11, 23, tzinfo=UTC)
    actors = {"first": then, "last": then, "clients": (text,), "servers": (text,), "accounts": (text,)}
    finding = {"id": "0" * 16, "detector": "x", "title": text, "severity": "high", "confidence": "low", "attack": ()}
    finding |= {"count": 1, "uids": (), "summary": text, "action": text} | actors
    finding |= {"evidence": {"details": ({"name": text, "values": (text,)},)}}
    incident = {"id": "0" * 16, "title": text, "severity": "high", "score": 1, "score_parts": {}, "stages": ()}
    incident |= {"findings": ("0" * 16,), "narrative": text} | actors
    totals = {"files": 1, "lines": 0, "kept": 0, "skipped": 0, "rejected": 0}
    return Report.model_validate(
        {
            "run": {"version": "0", "generated": then, "seconds": 0.0},
            "window": None,
            "inputs": {"files": ({"path": text, "log": None, "format": None, "problem": text},), "totals": totals},
            "coverage": {"logs": {}, "notes": (text,)},
            "posture": {"servers": (), "sessions": 0, "tls_sessions": 0},
            "roles": ({"host": text, "role": "other", "reason": text},),
            "credentials_to_change": ({"account": text, "server": text, "last": then, "why": "0" * 16},),
            "volumes": ({"client": text, "hour": then, "messages": 1, "recipients": 1},),
            "settings": {"alpha": 1e-6, "false_discovery_rate": 0.01, "trials": 1, "suppressed": 0},
            "findings": (finding, finding | {"severity": "info"}),
            "incidents": (incident,),
            "errors": ({"where": text, "what": text},),
        }
    )


def test_long_lists_are_bounded_and_say_so(full: Report) -> None:
    many = full.model_copy(update={"findings": (full.findings[0],) * 210, "volumes": full.volumes * 20})
    text = markdown.OUTPUT.render(many, None)
    assert "And 10 more critical; the JSON form has all." in text
    assert "And 20 more; the JSON form has all." in text
