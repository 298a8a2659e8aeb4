"""No secret of any recording is in what is mailed, filed, posted or handed to a command."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from tests.delivery._envelopes import envelope, mail, settings
from tests.e2e import _runs
from zeeksmtp import registry, webhook_bodies
from zeeksmtp.delivery import send
from zeeksmtp.delivery._message import body_of, message
from zeeksmtp.delivery._syslog_events import events_of
from zeeksmtp.delivery_settings import FORM_OF
from zeeksmtp.model import Report

SECRETIVE = [name for name in _runs.NAMES if _runs.secrets(name)]


@pytest.mark.parametrize("name", SECRETIVE)
def test_what_leaves_the_house_has_no_secret(name: str, tmp_path: Path) -> None:
    sent = envelope(report=Report.model_validate_json(json.dumps(_runs.capture(name))))
    recipient = mail(25).mail
    assert recipient is not None
    content = message_from_bytes(message(sent, recipient, body_of(sent, recipient)), policy=default)
    texts = [part.get_content() for part in content.walk() if not part.is_multipart()]
    send("file", sent, settings(report_files=tuple(str(tmp_path / f"report{end}") for end in FORM_OF)))
    send("command", sent, settings(report_command={"run": ("/bin/sh", "-c", f"(env; cat) > {tmp_path}/taken")}))
    bodies = [unit.render(sent) for unit in registry.discover(webhook_bodies, "BODY").values()]
    assert len(bodies) >= 7
    bodies += [event.text for event in events_of(sent.report(), "json")]
    bodies += [event.text for event in events_of(sent.report(), "text")]
    texts += bodies
    mailed = len(texts)
    texts += [file.read_text("utf-8") for file in tmp_path.iterdir()]
    assert mailed - len(bodies) in {1, 2} and len(texts) == mailed + len(FORM_OF) + 1
    assert all(texts)
    assert [line for text in texts for line in _runs.secrets(name) if line in text] == []
