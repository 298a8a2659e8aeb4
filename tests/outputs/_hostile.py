"""Reports with a text added to every string in them, and what a page is made of, text apart."""

from __future__ import annotations

from collections.abc import Collection
from html.parser import HTMLParser
from typing import Any

from zeeksmtp.model import Report

MARKUP = (
    "\"'></title></style></svg></table><script>document.title='owned'</script><img src=//x.example/a onerror=alert(1)>"
    "<style>*{display:none}</style><!-- <![CDATA[ javascript:alert(1) {{ 7*7 }}{% raw %} &lt;b&gt; \x00\u202e\ud800"
)
REFERENCES = frozenset({"detector", "name", "logs", "detectors", "symptoms"})
"""Keys by which parts of a report find each other, or the page finds them."""
_IDS = frozenset({"id", "findings", "finding", "replaces", "symptom_of", "why"})
_CHOICES = frozenset({"state", "severity", "confidence", "visibility", "owner", "source", "format", "schema", "method"})
_VOID = frozenset({"meta", "br"})
_OPEN = frozenset({"score_parts", "tls_versions", "ciphers", "logs", "detectors", "symptoms", "hosts"})
"""Keys whose value is an object with names of its own."""


def hostile(report: Report, text: str, keep: Collection[str] = ()) -> Report:
    """Return `report` with `text` at the end of every string, keys too, but under the keys in `keep`."""
    kept = _IDS | _CHOICES | set(keep)

    def grown(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            own_names = key in _OPEN and key not in kept
            return {name + text * own_names: grown(item, name) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return tuple(grown(item, key) for item in value)
        return value + text if isinstance(value, str) and key not in kept else value

    return Report.model_validate(grown(report.model_dump(by_alias=True), "report"))


class Page(HTMLParser):
    """A page taken apart: tags with the names of their attributes, attributes by tag, and text."""

    def __init__(self, page: str) -> None:
        """Parse `page`."""
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.stack: list[str] = []
        self.odd: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag and what it has."""
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag that has no content."""
        self.handle_starttag(tag, attrs)
        self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element; another one is odd."""
        if not self.stack or self.stack.pop() != tag:
            self.odd.append(tag)

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        """Note a comment: the page has none."""
        self.odd.append(data)

    unknown_decl = handle_pi = handle_comment

    def values(self, name: str, tag: str | None = None) -> list[str]:
        """Return the values of an attribute, in order."""
        return [v for t, n, v in self.attributes if n == name and tag in {None, t}]
