"""docs/session.schema.json: the JSON Schema of what `zeeksmtp session --format json` writes, from its shapes."""

import json
from typing import Any

from docs._pages.schema import published
from zeeksmtp.dialogue.shapes import Telling

PAGE = "session.schema.json"


def shape() -> dict[str, Any]:
    """Give the schema of a connection as it is told."""
    return published(Telling, "zeeksmtp.session.v1")


def page() -> str:
    """Give the schema as text."""
    return json.dumps(shape(), indent=1, ensure_ascii=False) + "\n"
