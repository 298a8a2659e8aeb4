"""docs/report.md: the shape of the report, key by key."""

import json
import re
from collections.abc import Iterable
from typing import Any

from docs._pages import schema
from docs._pages._keys import KEYS
from docs._pages._markdown import code, table
from docs._pages._markdown import page as whole
from zeeksmtp.model import Severity

PAGE = "report.md"
INTRO = """`zeeksmtp report --format json` writes one object in this shape, `zeeksmtp.report.v2`; its JSON Schema is
[report.schema.json](report.schema.json). v2 may gain keys, it never loses or retypes one: read what you know, ignore
the rest. The same inputs give the same report, byte for byte, save the `run` block."""
RULES = """- Times are UTC, ISO 8601 with microseconds and `Z`.
- What cannot be known is null. A zero means that the log that would show it was there; a missing log is a note in
  `coverage`.
- Keys come in the order of this page, lists in a fixed order.
- The file is pure ASCII: control characters, and whatever else a log held, come as `\\uXXXX` and are harmless to show.
- Control and invalid bytes that were logged are shown as visible `\\xHH`, as Zeek writes them, never decoded.
- No password, token or challenge response is ever part of a report."""
SEVERITIES = {
    Severity.INFO: "worth knowing",
    Severity.LOW: "untidy, or one weak sign",
    Severity.MEDIUM: "someone should look this week",
    Severity.HIGH: "today",
    Severity.CRITICAL: "an account or a host is taken or given away, act now",
}
PSEUDONYMS = """With `--pseudonymise` every address becomes `host-1`, every account `account-1` (or
`account-1@domain-1`), every host or domain name `domain-1`, other logged text `text-1`: always the same one for the
same name, numbered by first appearance, so that the same input gives the same report. Ids of findings and incidents are
replaced too, because they are hashes of such names that anyone could try out. Times, counts, ports, mechanisms, Zeek's
uids and the paths of the input files are kept: rename the files if their paths tell too much. A word of a sentence that
happens to be the name of an account of that finding is replaced as well. The table of names is kept nowhere."""


def _type(shape: dict[str, Any]) -> str:
    if "anyOf" in shape:
        return " or ".join(_type(part) for part in shape["anyOf"])
    if "$ref" in shape:
        return _named(shape["$ref"].rpartition("/")[2])
    if "enum" in shape:
        return ", ".join(map(code, shape["enum"]))
    if shape.get("type") == "array":
        return f"list of {_type(shape['items'])}"
    if isinstance(shape.get("additionalProperties"), dict):
        return f"object of {_type(shape['additionalProperties'])}"
    return "time" if shape.get("format") == "date-time" else str(shape.get("type", "string"))


def _named(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _keys(name: str, shape: dict[str, Any]) -> str:
    explained, existing = set(KEYS.get(name, {})), set(shape["properties"])
    if explained != existing:
        raise KeyError(
            f"docs/_pages/_keys.py, {name}: {sorted(explained ^ existing)} explained and missing, or not explained"
        )
    rows = [(code(key), _type(value), KEYS[name][key]) for key, value in shape["properties"].items()]
    return table(("key", "type", "meaning"), rows)


def _sections() -> Iterable[str]:
    body = schema.shape()
    shapes = {"Report": body, **body["$defs"]}
    for name in _in_order("Report", shapes):
        shape = shapes[name]
        yield f"## {name}"
        yield shape["description"]
        yield table(("value",), [(code(v),) for v in shape["enum"]]) if "enum" in shape else _keys(name, shape)


def _in_order(name: str, shapes: dict[str, Any]) -> list[str]:
    """Name the shapes as a reader of the report meets them."""
    inner = re.findall(r"#/\$defs/(\w+)", json.dumps(shapes[name].get("properties", {})))
    return list(dict.fromkeys([name, *(deeper for child in inner for deeper in _in_order(child, shapes))]))


def page() -> str:
    """Return the page."""
    levels = table(("severity", "means"), [(severity, SEVERITIES[severity]) for severity in Severity])
    return whole("The report", INTRO, RULES, levels, "## Pseudonyms", PSEUDONYMS, *_sections())
