"""What the forms for a SIEM share: JSON objects without empty fields, one a line, and what counts as an address."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any


def json_lines(events: Iterable[Mapping[str, Any]]) -> str:
    """Return one JSON object a line; pure ASCII, as the JSON form is."""
    # DEL is the one control character that JSON leaves as it is.
    lines = (json.dumps(filled(event), ensure_ascii=True, allow_nan=False) for event in events)
    return "".join(line.replace("\x7f", "\\u007f") + "\n" for line in lines)


def filled(shape: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not there: an empty field would be indexed as one that is."""
    inner = {key: filled(value) if isinstance(value, Mapping) else value for key, value in shape.items()}
    return {key: value for key, value in inner.items() if value not in (None, {}, [], ())}


def is_address(text: str) -> bool:
    """Return whether a host is shown by an address; a pseudonym is none, nor is an address with a zone."""
    try:
        return bool(ip_address(text)) and "%" not in text
    except ValueError:
        return False
