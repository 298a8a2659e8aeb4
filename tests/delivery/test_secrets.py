"""No secret of any recording is in what is mailed, filed or handed to a command."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from tests.delivery._parcels import mail, parcel, settings
from tests.e2e import _runs
from zeeksmtp.delivery import carry
from zeeksmtp.delivery._letter import letter
from zeeksmtp.delivery_settings import FORM_OF
from zeeksmtp.model import Report

SECRETIVE = [name for name in _runs.NAMES if _runs.secrets(name)]


@pytest.mark.parametrize("name", SECRETIVE)
def test_what_leaves_the_house_has_no_secret(name: str, tmp_path: Path) -> None:
    sent = parcel(report=Report.model_validate_json(json.dumps(_runs.capture(name))))
    told = mail(25).mail
    assert told is not None
    message = message_from_bytes(letter(sent, told), policy=default)
    texts = [part.get_content() for part in message.iter_parts()]
    carry("file", sent, settings(report_files=tuple(str(tmp_path / f"report{end}") for end in FORM_OF)))
    carry("command", sent, settings(report_command={"run": ("/bin/sh", "-c", f"(env; cat) > {tmp_path}/taken")}))
    texts += [file.read_text("utf-8") for file in tmp_path.iterdir()]
    assert len(texts) == 2 + len(FORM_OF) + 1
    assert all(texts)
    assert [line for text in texts for line in _runs.secrets(name) if line in text] == []
