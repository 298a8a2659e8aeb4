"""docs/session.schema.json: the JSON Schema of what `zeeksmtp session --format json` writes, from its shapes."""

import json
from typing import Any

from docs._pages.schema import published
from zeeksmtp.session_view.shapes import SessionView

PAGE = "session.schema.json"


def shape() -> dict[str, Any]:
    """Return the schema of a transcript."""
    return published(SessionView, "zeeksmtp.session.v1")


def page() -> str:
    """Return the schema as text."""
    return json.dumps(shape(), indent=1, ensure_ascii=False) + "\n"
