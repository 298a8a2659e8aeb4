"""What the receivers of webhooks get: in their form, within their limits, and inert whatever was logged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery._envelopes import envelope, settings
from tests.delivery._http_servers import Answer, Receiver, receiver
from tests.outputs import _reports
from tests.outputs._hostile import MARKUP, REFERENCES, hostile
from zeeksmtp import registry, webhook_bodies
from zeeksmtp.delivery import send
from zeeksmtp.errors import DeliveryError
from zeeksmtp.model import Report
from zeeksmtp.webhook_bodies import WebhookBody

UNITS: dict[str, WebhookBody] = dict(registry.discover(webhook_bodies, "BODY"))
CHATS = ("discord", "matrix", "slack", "teams")
ATTACKS = (
    "<!channel> <@U1> <https://evil.example|click>",
    "@everyone @here",
    "``` ` ```",
    MARKUP,
    "\ud800",
    "😀" * 900,
)


def rendered(body: str, report: Report | None = None, subject: str = "zeeksmtp: 1 new incident") -> Any:
    text = UNITS[body].render(envelope(subject, report=report))
    assert text.isascii()
    return json.loads(text)


def strings(value: Any) -> Iterator[str]:
    """Yield every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def many(text: str = "") -> Report:
    """Return a report with forty incidents."""
    report = hostile(_reports.full(), text, keep=REFERENCES) if text else _reports.full()
    return report.model_copy(update={"incidents": report.incidents * 40})


def test_a_body_is_called_like_its_file() -> None:
    assert {unit.name for unit in UNITS.values()} == UNITS.keys() >= {*CHATS, "report", "splunk", "elasticsearch"}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("body", CHATS)
def test_a_chat_shows_hostile_text_on_one_line(body: str, attack: str) -> None:
    for text in strings(rendered(body, many(attack), f"x{attack}")):
        assert all(line.isprintable() for line in text.split("\n"))


def test_a_chat_says_what_how_bad_and_how_many_more() -> None:
    blocks = rendered("slack", many())["blocks"]
    assert blocks[0]["text"]["text"] == "zeeksmtp: 1 new incident"
    assert blocks[1]["text"]["text"].startswith("CRITICAL: Cleartext password: account alice@corp.example (10.0.1.5")
    assert blocks[1]["text"]["text"].endswith(", 2026-11-23 06:01 to 2026-11-24 07:00 UTC, id 00000000")
    assert len(blocks) == 12 and blocks[-1]["text"]["text"] == "30 more: `zeeksmtp incidents list`"


def test_findings_stand_in_where_there_is_no_incident() -> None:
    alone = _reports.full().model_copy(update={"incidents": ()})
    assert len(rendered("slack", alone)["blocks"]) == 1 + sum(f.symptom_of is None for f in alone.findings)
    assert len(rendered("slack", _reports.empty())["blocks"]) == 1


@pytest.mark.parametrize("attack", ATTACKS)
def test_slack(attack: str) -> None:
    message = rendered("slack", many(attack), attack)
    assert not {"<", ">"} & set(message["text"])
    assert len(message["blocks"]) <= 50
    for block in message["blocks"]:
        assert block["text"]["type"] == "plain_text" and block["text"]["emoji"] is False
        assert 0 < len(block["text"]["text"]) <= (150 if block["type"] == "header" else 3000)


@pytest.mark.parametrize("attack", ATTACKS)
def test_teams(attack: str) -> None:
    message = rendered("teams", many(attack), attack)
    assert len(json.dumps(message)) < 28_000
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert {(b["type"], r["type"]) for b in attachment["content"]["body"] for r in b["inlines"]} == {
        ("RichTextBlock", "TextRun")
    }


@pytest.mark.parametrize("attack", ATTACKS)
def test_discord(attack: str) -> None:
    message = rendered("discord", many(attack), attack)
    content = message["content"]
    assert len(content.encode("utf-16-le")) // 2 <= 2000
    assert content.startswith("```\n") and content.endswith("\n```") and "`" not in content[3:-3]
    assert message["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize("attack", ATTACKS)
def test_matrix(attack: str) -> None:
    event = rendered("matrix", many(attack), attack)
    assert event.keys() == {"msgtype", "body", "m.mentions"} and event["m.mentions"] == {}
    assert len(json.dumps(event)) < 60_000


@given(text=st.text(max_size=30))
def test_every_body_takes_whatever_was_logged(text: str) -> None:
    report = _reports.holding(text)
    for unit in UNITS.values():
        assert unit.render(envelope(text, report=report)).isascii()


def through(body: str, *answers: Answer, path: str = "") -> Receiver:
    with receiver(*answers) as got:
        address = f"http://localhost:{got.port}{path}"
        send("webhook:x", envelope(id_="a/b c"), settings(webhooks={"x": {"url": address, "body": body}}))
    return got


def test_matrix_puts_an_event_under_the_reports_id() -> None:
    (posted,) = through("matrix", path="/rooms/!r:x/send/m.room.message").got
    assert (posted.method, posted.path) == ("PUT", "/rooms/!r:x/send/m.room.message/a%2Fb%20c")


def test_splunk_gets_an_event_for_each_incident_and_finding() -> None:
    (posted,) = through("splunk").got
    events = [json.loads(line) for line in posted.body.decode().split("\n")]
    report = _reports.full()
    assert [event["event"]["id"] for event in events] == [thing.id for thing in (*report.incidents, *report.findings)]
    assert {event["sourcetype"] for event in events} == {"zeeksmtp:incident", "zeeksmtp:finding"}
    assert events[0]["time"] == f"{report.incidents[0].last.timestamp():.6f}"


GOOD: Answer = (200, {}, b'{"errors":false}')


def test_elasticsearch_gets_documents_by_id() -> None:
    (posted,) = through("elasticsearch", GOOD, path="/zeeksmtp/_bulk?pipeline=x").got
    assert posted.path == "/zeeksmtp/_bulk?pipeline=x&filter_path=errors,items.*.error.reason"
    assert posted.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in posted.body.decode().splitlines()]
    assert posted.body.endswith(b"\n")
    assert [line["index"]["_id"] for line in lines[::2]] == [event["event"]["id"] for event in lines[1::2]]
    assert len(lines) == 2 * 8


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b'{"errors":true,"items":[{"index":{"error":{"reason":"mapper [x] of type"}}}]}', "mapper [x] of type"),
        (b"<html>login</html>", "no answer of _bulk"),
        (b"[1]", "no answer of _bulk"),
        (b"{}", "no answer of _bulk"),
    ],
)
def test_elasticsearch_that_answers_200_and_takes_nothing(reply: bytes, said: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        through("elasticsearch", (200, {}, reply))
    assert said in str(caught.value)
